// SPDX-License-Identifier: MIT
#include "model/facts.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <set>
#include <unordered_map>

#include "model/keywords.h"

namespace kvferry {
namespace {

constexpr size_t kLongSentence = 24;  // words, from which clauses are taken on their own
constexpr size_t kMaxKeywords = 256;

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

// A stretch of the text that the extract takes or leaves.
struct Piece {
  size_t first_word = 0, word_count = 0;
  size_t begin = 0, end = 0;   // bytes
  std::vector<size_t> topics;  // what it holds: indices of weights
  bool taken = false;
};

size_t begin_of(std::string_view text, const Word& word) {
  return static_cast<size_t>(word.text.data() - text.data());
}

// Whether a comma, semicolon or colon stands before the word.
bool begins_clause(std::string_view text, const SplitText& split, size_t word) {
  const auto& before = split.words[word - 1].text;
  const auto from = static_cast<size_t>(before.data() - text.data()) + before.size();
  const auto between = text.substr(from, begin_of(text, split.words[word]) - from);
  return between.find_first_of(",;:") != std::string_view::npos;
}

std::vector<Piece> pieces_of(std::string_view text, const SplitText& split) {
  std::vector<Piece> pieces;
  for (const auto& sentence : split.sentences) {
    Piece piece{sentence.first_word, sentence.word_count, sentence.begin, sentence.end, {}, false};
    const auto last = sentence.first_word + sentence.word_count;
    for (size_t i = sentence.first_word + 1; i < last && sentence.word_count > kLongSentence; ++i) {
      if (!begins_clause(text, split, i)) continue;
      const auto& before = split.words[i - 1].text;
      auto clause = piece;
      clause.word_count = i - piece.first_word;
      clause.end = static_cast<size_t>(before.data() - text.data()) + before.size();
      pieces.push_back(clause);
      piece.first_word = i;
      piece.word_count = last - i;
      piece.begin = begin_of(text, split.words[i]);
    }
    pieces.push_back(piece);
  }
  return pieces;
}

class Extract {
 public:
  Extract(std::string_view text, size_t words)
      : text_(text), split_(split_text(text)), pieces_(pieces_of(text, split_)), words_left_(words) {
    find_keywords();
    add_facts();
  }

  std::string make() {
    while (take_best()) {
    }
    std::string out;
    for (const auto& piece : pieces_) {
      if (!piece.taken) continue;
      if (!out.empty()) out += ' ';
      out += text_.substr(piece.begin, piece.end - piece.begin);
      if (std::string_view(".!?").find(out.back()) == std::string_view::npos) out += '.';
    }
    return out;
  }

 private:
  void find_keywords() {
    auto keywords = extract_keywords(text_);
    if (keywords.size() > kMaxKeywords) keywords.resize(kMaxKeywords);
    std::unordered_map<std::string, size_t> topics;
    for (const auto& keyword : keywords) {
      topics.emplace(keyword.text, weights_.size());
      weights_.push_back(std::max(0.0, -std::log(std::max(keyword.score, 1e-9))));
    }
    for (auto& piece : pieces_) {
      for (size_t i = 0; i < piece.word_count; ++i) {
        std::string phrase;
        for (size_t n = 0; n < 3 && i + n < piece.word_count; ++n) {
          phrase += (n == 0 ? "" : " ") + lower_case(split_.words[piece.first_word + i + n].text);
          if (const auto at = topics.find(phrase); at != topics.end()) piece.topics.push_back(at->second);
        }
      }
    }
  }

  void add_facts() {
    const auto best = weights_.empty() ? 1.0 : *std::max_element(weights_.begin(), weights_.end());
    std::unordered_map<std::string, size_t> topics;
    auto piece = pieces_.begin();
    for (const auto& fact : find_facts(split_)) {
      while (fact.first_word >= piece->first_word + piece->word_count) ++piece;
      const auto [at, is_new] = topics.emplace(fact.text, weights_.size());
      if (is_new) weights_.push_back(best);
      piece->topics.push_back(at->second);
    }
  }

  double gain(const Piece& piece) const {
    std::set<size_t> added(piece.topics.begin(), piece.topics.end());
    double sum = 0;
    for (const auto topic : added) sum += weights_[topic];
    return sum / static_cast<double>(piece.word_count);
  }

  bool take_best() {
    Piece* best = nullptr;
    double most = 0;
    for (auto& piece : pieces_) {
      if (piece.taken || piece.word_count > words_left_) continue;
      if (const auto one = gain(piece); one > most) {
        most = one;
        best = &piece;
      }
    }
    if (best == nullptr) return false;
    best->taken = true;
    words_left_ -= best->word_count;
    for (const auto topic : best->topics) weights_[topic] = 0;
    return true;
  }

  std::string_view text_;
  SplitText split_;
  std::vector<Piece> pieces_;
  size_t words_left_;
  std::vector<double> weights_;  // of topics; 0 once the extract holds them
};

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

std::string summarize(std::string_view text, size_t words) { return Extract(text, words).make(); }

}  // namespace kvferry
