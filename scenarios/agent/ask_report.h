// SPDX-License-Identifier: MIT
//
// What kvferry-agent ask prints: words for people, an object a line for machines.
#pragma once

#include <string>

#include "scenarios/agent/text_cost.h"

namespace kvferry {

struct Asked {
  std::string question;
  Answer answer;
  bool fetched = false;          // the card came for this question; otherwise it was here
  std::optional<TextCost> text;  // of a card that came
};

// The answer itself is printed as soon as it is there.
void print_words(const Asked& asked, const Arrival& arrival);
void print_json(const Asked& asked, const Arrival& arrival);

// What the answer at the deadline was given from, or why there is none yet; a better one follows.
void tell_of_early_answer(bool json, const Asked& asked, const Arrival& arrival,
                          const Result<void>& answered);

}  // namespace kvferry
