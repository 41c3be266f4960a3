// SPDX-License-Identifier: MIT
#include "model/facts.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

namespace kvferry {
namespace {

// What a word may be in a pattern; one word may be several.
enum WordClass : unsigned { kMonth = 1, kDay = 2, kYear = 4, kWholeDate = 8, kNumeral = 16, kCapital = 32 };

struct Pattern {
  FactKind kind;
  std::vector<unsigned> words;
};

const std::vector<Pattern>& patterns() {
  static const std::vector<Pattern> kPatterns = {
      {FactKind::kDate, {kDay, kMonth, kYear}},
      {FactKind::kDate, {kMonth, kDay, kYear}},
      {FactKind::kName, {kCapital, kCapital, kCapital}},
      {FactKind::kDate, {kMonth, kYear}},
      {FactKind::kDate, {kDay, kMonth}},
      {FactKind::kName, {kCapital, kCapital}},
      {FactKind::kDate, {kWholeDate}},
      {FactKind::kDate, {kYear}},
      {FactKind::kNumber, {kNumeral}},
      {FactKind::kName, {kCapital}},
  };
  return kPatterns;
}

bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }
bool is_capital(char c) { return std::isupper(static_cast<unsigned char>(c)) != 0; }

bool is_month(const std::string& word) {
  constexpr std::array<std::string_view, 12> kMonths = {"january",   "february", "march",    "april",
                                                        "may",       "june",     "july",     "august",
                                                        "september", "october",  "november", "december"};
  return std::find(kMonths.begin(), kMonths.end(), word) != kMonths.end();
}

// Three numbers between two equal marks, such as 1961-07-03 or 3/7/1961.
bool is_whole_date(std::string_view word) {
  const auto mark = word.find_first_of("-/.");
  if (mark == std::string_view::npos || mark == 0) return false;
  const auto second = word.find(word[mark], mark + 1);
  if (second == std::string_view::npos || second == mark + 1 || second + 1 == word.size()) return false;
  return std::all_of(word.begin(), word.end(), [&](char c) { return is_digit(c) || c == word[mark]; }) &&
         word.find(word[mark], second + 1) == std::string_view::npos && word.size() <= 10;
}

unsigned number_classes(const std::string& word) {
  if (is_whole_date(word)) return kWholeDate;
  const auto digits = static_cast<size_t>(std::count_if(word.begin(), word.end(), is_digit));
  const auto marks = static_cast<size_t>(
      std::count_if(word.begin(), word.end(), [](char c) { return c == '.' || c == ',' || c == ':'; }));
  if (digits == word.size()) {
    const bool year = word.size() == 4 && (word[0] == '1' || word[0] == '2');
    return kNumeral | (year ? kYear : 0U) | (word.size() <= 2 ? kDay : 0U);
  }
  if (digits + marks == word.size()) return kNumeral;
  const auto ending = word.substr(digits);
  const bool ordinal = ending == "st" || ending == "nd" || ending == "rd" || ending == "th";
  return ordinal && digits <= 2 ? kDay : 0U;
}

// Words that are capitalised inside a sentence somewhere.
std::set<std::string> capitalised_inside(const SplitText& text) {
  std::set<std::string> names;
  for (const auto& word : text.words) {
    if (word.place > 0 && is_capital(word.text.front())) names.insert(lower_case(word.text));
  }
  return names;
}

std::vector<unsigned> classify(const SplitText& text) {
  const auto names = capitalised_inside(text);
  std::vector<unsigned> classes;
  for (size_t i = 0; i < text.words.size(); ++i) {
    const auto& word = text.words[i];
    const auto lower = lower_case(word.text);
    if (is_digit(word.text.front())) {
      classes.push_back(number_classes(lower));
      continue;
    }
    unsigned found = is_month(lower) ? kMonth : 0U;
    if (is_capital(word.text.front()) && !is_stop_word(lower)) {
      const bool next_too = i + 1 < text.words.size() && !text.words[i + 1].begins_block &&
                            is_capital(text.words[i + 1].text.front());
      if (word.place > 0 || names.count(lower) > 0 || next_too) found |= kCapital;
    }
    classes.push_back(found);
  }
  return classes;
}

bool matches(const Pattern& pattern, const SplitText& text, const std::vector<unsigned>& classes, size_t at) {
  if (at + pattern.words.size() > classes.size()) return false;
  for (size_t i = 0; i < pattern.words.size(); ++i) {
    if ((classes[at + i] & pattern.words[i]) == 0) return false;
    if (i > 0 && text.words[at + i].sentence != text.words[at].sentence) return false;
    if (i > 0 && pattern.kind == FactKind::kName && text.words[at + i].begins_block) return false;
  }
  return true;
}

}  // namespace

std::vector<Fact> find_facts(const SplitText& text) {
  const auto classes = classify(text);
  std::vector<Fact> facts;
  for (size_t at = 0; at < classes.size();) {
    const auto pattern = std::find_if(patterns().begin(), patterns().end(),
                                      [&](const Pattern& one) { return matches(one, text, classes, at); });
    if (pattern == patterns().end()) {
      ++at;
      continue;
    }
    Fact fact{pattern->kind, at, pattern->words.size(), {}};
    for (size_t i = 0; i < fact.word_count; ++i) {
      fact.text += (i == 0 ? "" : " ") + lower_case(text.words[at + i].text);
    }
    at += fact.word_count;
    facts.push_back(std::move(fact));
  }
  return facts;
}

}  // namespace kvferry
