// SPDX-License-Identifier: MIT
//
// Words of a preset's text. The text may come from a stranger's manifest, so what is echoed
// in an error is shortened and made printable.
#pragma once

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/result.h"

namespace kvferry {

struct Word {
  std::string_view text;
  std::size_t column = 1;  // of its first character, from 1
};

// "preset: WHAT 'WORD' at column N, expected EXPECTED".
[[nodiscard]] Error fail(std::string_view what, const Word& word, std::string_view expected);

[[nodiscard]] Word trim(Word word);

// Splits at every separator and trims; the columns stay those of the whole text.
[[nodiscard]] std::vector<Word> split(const Word& whole, char separator);

// An error at the first word beyond the allowed ones.
[[nodiscard]] Result<void> no_more(const std::vector<Word>& words, std::size_t allowed,
                                   std::string_view expected);

// A whole number in [least, most].
[[nodiscard]] Result<std::uint32_t> parse_count(std::string_view what, const Word& word, std::uint32_t least,
                                                std::uint32_t most);

// A number above 0 and at most `most`.
[[nodiscard]] Result<double> parse_positive(std::string_view what, const Word& word, double most);

// A number in [0, 1].
[[nodiscard]] Result<double> parse_share(std::string_view what, const Word& word);

// Whether text is a number and nothing else; value is set only then.
template <typename T>
[[nodiscard]] bool parse_number(std::string_view text, T& value) {
  T parsed{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), parsed);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  value = parsed;
  return true;
}

// The shortest text that reads back as the same number.
[[nodiscard]] std::string shortest_number(double number);

// Where name stands in names; names.size() when it does not.
template <typename Names>
[[nodiscard]] std::size_t index_of(const Names& names, std::string_view name) {
  std::size_t index = 0;
  while (index < names.size() && names[index] != name) ++index;
  return index;
}

}  // namespace kvferry
