// SPDX-License-Identifier: MIT
#include "model/summary.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <unordered_map>
#include <vector>

#include "model/facts.h"
#include "model/keywords.h"
#include "model/words.h"
#include "protocol/card/manifest.h"

namespace kvferry {
namespace {

constexpr size_t kLongSentence = 24;  // words, from which clauses are taken on their own
constexpr size_t kMaxKeywords = 256;
constexpr double kFactWeight = 10;  // times the best keyword's: what only its own sentence can say

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
    const auto weight = kFactWeight * best;
    std::unordered_map<std::string, size_t> topics;
    auto piece = pieces_.begin();
    for (const auto& fact : find_facts(split_)) {
      while (fact.first_word >= piece->first_word + piece->word_count) ++piece;
      const auto [at, is_new] = topics.emplace(fact.text, weights_.size());
      if (is_new) weights_.push_back(weight);
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

// Runs of blanks and control characters as one space each, and no more bytes than a manifest takes, cut
// between words.
std::string one_line(const std::string& text) {
  std::string line;
  for (const char c : text) {
    const bool blank = static_cast<unsigned char>(c) <= ' ' || c == '\x7f';
    if (!blank) line += c;
    if (blank && !line.empty() && line.back() != ' ') line += ' ';
  }
  constexpr size_t kMost = Manifest::kMaxSummaryBytes;
  if (line.size() > kMost) line.resize(std::min(kMost, line.rfind(' ', kMost)));
  while (!line.empty() && line.back() == ' ') line.pop_back();
  return line;
}

}  // namespace

std::string summarize(std::string_view text, size_t words) { return one_line(Extract(text, words).make()); }

}  // namespace kvferry
