// SPDX-License-Identifier: MIT
#include "codec/preset/words.h"

#include <algorithm>
#include <array>

namespace kvferry {
namespace {

constexpr std::size_t kMaxEcho = 32;

std::string quote(const Word& word) {
  std::string shown = "'";
  for (const char c : word.text.substr(0, kMaxEcho)) shown += c >= ' ' && c <= '~' ? c : '?';
  return shown + (word.text.size() > kMaxEcho ? "...'" : "'");
}

}  // namespace

Error fail(std::string_view what, const Word& word, std::string_view expected) {
  return {"preset: " + std::string(what) + ' ' + quote(word) + " at column " + std::to_string(word.column) +
          ", expected " + std::string(expected)};
}

Word trim(Word word) {
  while (!word.text.empty() && word.text.front() == ' ') {
    word.text.remove_prefix(1);
    ++word.column;
  }
  while (!word.text.empty() && word.text.back() == ' ') word.text.remove_suffix(1);
  return word;
}

std::vector<Word> split(const Word& whole, char separator) {
  std::vector<Word> parts;
  std::size_t begin = 0;
  while (true) {
    const std::size_t end = std::min(whole.text.find(separator, begin), whole.text.size());
    parts.push_back(trim({whole.text.substr(begin, end - begin), whole.column + begin}));
    if (end == whole.text.size()) return parts;
    begin = end + 1;
  }
}

Result<void> no_more(const std::vector<Word>& words, std::size_t allowed, std::string_view expected) {
  if (words.size() <= allowed) return {};
  return fail("unexpected option", words[allowed], expected);
}

Result<std::uint32_t> parse_count(std::string_view what, const Word& word, std::uint32_t least,
                                  std::uint32_t most) {
  std::uint32_t count = 0;
  if (parse_number(word.text, count) && count >= least && count <= most) return count;
  return fail(what, word, std::to_string(least) + " to " + std::to_string(most));
}

Result<double> parse_positive(std::string_view what, const Word& word, double most) {
  double number = 0;
  if (parse_number(word.text, number) && number > 0 && number <= most) return number;
  return fail(what, word, "a number above 0 and at most " + shortest_number(most));
}

Result<double> parse_share(std::string_view what, const Word& word) {
  double number = 0;
  if (parse_number(word.text, number) && number >= 0 && number <= 1) return number + 0.0;
  return fail(what, word, "a number from 0 to 1");
}

std::string shortest_number(double number) {
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), number).ptr};
}

}  // namespace kvferry
