// SPDX-License-Identifier: MIT
//
// Facts of a text (Q-KVComm's information extraction): names, numbers and dates by patterns, and an extract
// of the sentences that hold most of them and of its keywords. The extract travels in a card and is put
// before the question.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/words.h"

namespace kvferry {

enum class FactKind : uint8_t { kName, kNumber, kDate };

// Consecutive words that match a pattern.
struct Fact {
  FactKind kind = FactKind::kName;
  size_t first_word = 0;  // of SplitText::words
  size_t word_count = 0;
  std::string text;  // lower case, words joined by a space
};

// In order, none overlapping another. Patterns are tried longest first: dates ("3 July 1961", "july 1961",
// "1961-07-03"), names (up to three capitalised words; a sentence's first word only where it is capitalised
// inside a sentence too, or the next word is), numbers (digits; years stand alone or in dates).
[[nodiscard]] std::vector<Fact> find_facts(const SplitText& text);

// Sentences (of long ones, clauses) in the text's order, at most `words` words together. They are taken one
// by one: the one that adds most per word of keywords (weight -ln of their score) and facts (weight of the
// best keyword) that none before it holds. Empty if nothing fits or nothing stands out.
[[nodiscard]] std::string summarize(std::string_view text, size_t words);

}  // namespace kvferry
