// SPDX-License-Identifier: MIT
//
// Facts of a text by patterns: names, numbers and dates (Q-KVComm's information extraction).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
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

}  // namespace kvferry
