// SPDX-License-Identifier: MIT
#include "model/words.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace kvferry {
namespace {

bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }
bool is_mark(char c) { return std::ispunct(static_cast<unsigned char>(c)) != 0; }
bool is_letter(char c) { return !is_space(c) && !is_mark(c); }
bool is_upper(char c) { return std::isupper(static_cast<unsigned char>(c)) != 0; }

// Marks that join what stands on both sides: 3.5, 1,000, well-known, o'clock, a@b.org, 10:30, 1/2.
bool joins(std::string_view text, size_t at) {
  constexpr std::string_view kJoiners = ".,-'@:/_&";
  return kJoiners.find(text[at]) != std::string_view::npos && at + 1 < text.size() && is_letter(text[at + 1]);
}

size_t end_of_word(std::string_view text, size_t at) {
  while (at < text.size() && (is_letter(text[at]) || joins(text, at))) ++at;
  return at;
}

std::string_view without_possessive(std::string_view word) {
  const bool possessive = word.size() > 2 && word[word.size() - 2] == '\'' && word.back() == 's';
  return possessive ? word.substr(0, word.size() - 2) : word;
}

// Words whose full stop is part of them.
bool is_abbreviation(std::string_view word) {
  constexpr std::array<std::string_view, 12> kTitles = {"mr", "mrs", "ms",  "dr",  "prof", "st",
                                                        "vs", "no",  "fig", "e.g", "i.e",  "etc"};
  if (word.size() == 1) return is_upper(word.front());
  return std::find(kTitles.begin(), kTitles.end(), lower_case(word)) != kTitles.end();
}

class Splitter {
 public:
  explicit Splitter(std::string_view text) : text_(text) {}

  SplitText run() {
    for (size_t at = 0; at < text_.size();) {
      if (is_letter(text_[at])) {
        at = take_word(at);
      } else if (is_mark(text_[at])) {
        at = take_mark(at);
      } else {
        if (text_[at] == '\n' && at + 1 < text_.size() && text_[at + 1] == '\n') end_sentence(at);
        ++at;
      }
    }
    end_sentence(text_.size());
    return std::move(out_);
  }

 private:
  size_t take_word(size_t at) {
    const auto end = end_of_word(text_, at);
    if (words_in_sentence() == 0) begin_ = at;
    out_.words.push_back(
        {without_possessive(text_.substr(at, end - at)), out_.sentences.size(), place_++, begins_block_});
    begins_block_ = false;
    return end;
  }

  size_t take_mark(size_t at) {
    ++place_;
    const char mark = text_[at];
    const bool stops = mark == '.' || mark == '!' || mark == '?';
    const bool last = at + 1 == text_.size() || is_space(text_[at + 1]);
    if (stops && last && !(mark == '.' && touches_abbreviation(at))) {
      end_sentence(at + 1);
    } else {
      begins_block_ = true;
    }
    return at + 1;
  }

  bool touches_abbreviation(size_t at) const {
    if (words_in_sentence() == 0) return false;
    const auto word = out_.words.back().text;
    return word.data() + word.size() == text_.data() + at && is_abbreviation(word);
  }

  void end_sentence(size_t end) {
    if (words_in_sentence() > 0) {
      out_.sentences.push_back({first_, words_in_sentence(), begin_, end});
    }
    first_ = out_.words.size();
    place_ = 0;
    begins_block_ = true;
  }

  size_t words_in_sentence() const { return out_.words.size() - first_; }

  std::string_view text_;
  SplitText out_;
  size_t first_ = 0;  // word of the sentence that is being read
  size_t begin_ = 0;  // its first byte
  size_t place_ = 0;
  bool begins_block_ = true;
};

}  // namespace

SplitText split_text(std::string_view text) { return Splitter(text).run(); }

std::vector<std::string_view> split_words(std::string_view text) {
  std::vector<std::string_view> words;
  for (const auto& word : split_text(text).words) words.push_back(word.text);
  return words;
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (auto& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

const std::vector<std::string_view>& stop_words() {
  static const std::vector<std::string_view> kWords = {
      "a",          "about",     "above",    "across",  "after",    "again",      "against",   "all",
      "almost",     "alone",     "along",    "already", "also",     "although",   "always",    "am",
      "among",      "an",        "and",      "another", "any",      "anybody",    "anyone",    "anything",
      "are",        "aren't",    "around",   "as",      "at",       "away",       "be",        "became",
      "because",    "become",    "been",     "before",  "behind",   "being",      "below",     "beside",
      "between",    "beyond",    "both",     "but",     "by",       "came",       "can",       "can't",
      "cannot",     "could",     "couldn't", "did",     "didn't",   "do",         "does",      "doesn't",
      "doing",      "don't",     "done",     "down",    "during",   "each",       "either",    "else",
      "enough",     "even",      "ever",     "every",   "everyone", "everything", "far",       "few",
      "first",      "for",       "from",     "further", "get",      "gets",       "give",      "given",
      "go",         "goes",      "going",    "got",     "had",      "hadn't",     "has",       "hasn't",
      "have",       "haven't",   "having",   "he",      "her",      "here",       "hers",      "herself",
      "him",        "himself",   "his",      "how",     "however",  "i",          "if",        "in",
      "into",       "is",        "isn't",    "it",      "its",      "itself",     "just",      "know",
      "last",       "later",     "least",    "less",    "let",      "like",       "likes",     "long",
      "made",       "make",      "many",     "may",     "me",       "might",      "more",      "most",
      "much",       "must",      "my",       "myself",  "near",     "need",       "neither",   "never",
      "next",       "no",        "nobody",   "none",    "nor",      "not",        "nothing",   "now",
      "of",         "off",       "often",    "on",      "once",     "one",        "only",      "onto",
      "or",         "other",     "others",   "our",     "ours",     "out",        "over",      "own",
      "per",        "perhaps",   "put",      "quite",   "rather",   "really",     "said",      "same",
      "say",        "says",      "see",      "seem",    "seems",    "several",    "shall",     "she",
      "should",     "shouldn't", "since",    "so",      "some",     "someone",    "something", "sometimes",
      "still",      "such",      "than",     "that",    "the",      "their",      "theirs",    "them",
      "themselves", "then",      "there",    "these",   "they",     "thing",      "things",    "this",
      "those",      "though",    "through",  "thus",    "to",       "together",   "too",       "took",
      "toward",     "towards",   "two",      "under",   "until",    "up",         "upon",      "us",
      "use",        "used",      "very",     "was",     "wasn't",   "way",        "we",        "well",
      "went",       "were",      "weren't",  "what",    "when",     "where",      "whether",   "which",
      "while",      "who",       "whole",    "whom",    "whose",    "why",        "will",      "with",
      "within",     "without",   "won't",    "would",   "wouldn't", "yet",        "you",       "your",
      "yours",      "yourself"};
  return kWords;
}

bool is_stop_word(std::string_view lower_case_word) {
  return std::binary_search(stop_words().begin(), stop_words().end(), lower_case_word);
}

}  // namespace kvferry
