// SPDX-License-Identifier: MIT
#include "model/keywords.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdint>
#include <unordered_map>

#include "model/words.h"

namespace kvferry {
namespace {

enum class Tag { kNumber, kUnparsable, kAcronym, kName, kPlain };

struct Term {
  bool stop = false;
  double frequency = 0, acronyms = 0, names = 0;
  std::vector<size_t> sentences;          // ascending, each once
  double left_kinds = 0, left_count = 0;  // of neighbours, and how often
  double right_kinds = 0, right_count = 0;
  double score = 0;
};

struct Candidate {
  std::string text;
  std::vector<size_t> terms;
  double frequency = 0;
  bool readable = false;  // once without numbers and unparsable words
};

// A word of the block that is being read.
struct Seen {
  size_t term = 0;
  Tag tag = Tag::kPlain;
  std::string text;  // lower case
};

template <typename Predicate>
size_t count_if(std::string_view word, Predicate predicate) {
  return static_cast<size_t>(std::count_if(
      word.begin(), word.end(), [&](char c) { return predicate(static_cast<unsigned char>(c)) != 0; }));
}

Tag tag_of(const Word& word) {
  const auto text = word.text;
  const auto digits = count_if(text, [](int c) { return std::isdigit(c); });
  const auto marks = count_if(text, [](int c) { return std::ispunct(c); });
  const auto upper = count_if(text, [](int c) { return std::isupper(c); });
  const auto letters = text.size() - digits - marks;
  const auto points = static_cast<size_t>(std::count(text.begin(), text.end(), '.'));
  const auto commas = static_cast<size_t>(std::count(text.begin(), text.end(), ','));
  if (digits > 0 && letters == 0 && points <= 1 && points + commas == marks) return Tag::kNumber;
  if ((digits > 0) == (letters > 0) || marks > 1) return Tag::kUnparsable;
  if (upper == text.size()) return Tag::kAcronym;
  const bool capital = upper == 1 && std::isupper(static_cast<unsigned char>(text.front())) != 0;
  return capital && text.size() > 1 && word.place > 0 ? Tag::kName : Tag::kPlain;
}

bool counts(Tag tag) { return tag != Tag::kNumber && tag != Tag::kUnparsable; }

double median(const std::vector<size_t>& ascending) {
  const auto middle = ascending.size() / 2;
  const auto upper = static_cast<double>(ascending[middle]);
  if (ascending.size() % 2 == 1) return upper;
  return (static_cast<double>(ascending[middle - 1]) + upper) / 2;
}

class Statistics {
 public:
  Statistics(std::string_view text, size_t max_words) : split_(split_text(text)), max_words_(max_words) {
    for (const auto& word : split_.words) add(word);
    score_terms();
  }

  std::vector<Keyword> keywords() const {
    std::vector<Keyword> out;
    for (const auto& candidate : candidates_) {
      if (!candidate.readable || terms_[candidate.terms.front()].stop || terms_[candidate.terms.back()].stop)
        continue;
      out.push_back({candidate.text, score(candidate), static_cast<size_t>(candidate.frequency)});
    }
    std::stable_sort(out.begin(), out.end(),
                     [](const Keyword& a, const Keyword& b) { return a.score < b.score; });
    return out;
  }

 private:
  void add(const Word& word) {
    if (word.begins_block) block_.clear();
    Seen seen{term_of(word.text), tag_of(word), lower_case(word.text)};
    auto& term = terms_[seen.term];
    ++term.frequency;
    if (seen.tag == Tag::kAcronym) ++term.acronyms;
    if (seen.tag == Tag::kName) ++term.names;
    if (term.sentences.empty() || term.sentences.back() != word.sentence)
      term.sentences.push_back(word.sentence);
    if (!block_.empty() && counts(seen.tag) && counts(block_.back().tag)) tie(block_.back().term, seen.term);
    block_.push_back(std::move(seen));
    for (size_t count = 1; count <= std::min(max_words_, block_.size()); ++count) add_candidate(count);
    if (block_.size() > max_words_) block_.erase(block_.begin());
  }

  size_t term_of(std::string_view word) {
    auto text = lower_case(word);
    bool stop = is_stop_word(text);
    if (text.size() > 3 && text.back() == 's') text.pop_back();
    const auto [at, is_new] = term_ids_.emplace(text, terms_.size());
    if (is_new) {
      const auto letters = text.size() - count_if(text, [](int c) { return std::ispunct(c); });
      terms_.emplace_back().stop = stop || is_stop_word(text) || letters < 3;
    }
    return at->second;
  }

  static uint64_t pair_of(size_t left, size_t right) { return uint64_t{left} << 32 | right; }

  void tie(size_t left, size_t right) {
    auto& times = ties_[pair_of(left, right)];
    if (times++ == 0) {
      ++terms_[left].right_kinds;
      ++terms_[right].left_kinds;
    }
    ++terms_[left].right_count;
    ++terms_[right].left_count;
  }

  // The last `count` words of the block.
  void add_candidate(size_t count) {
    Candidate candidate;
    candidate.readable = true;
    for (size_t i = block_.size() - count; i < block_.size(); ++i) {
      if (!candidate.text.empty()) candidate.text += ' ';
      candidate.text += block_[i].text;
      candidate.terms.push_back(block_[i].term);
      candidate.readable = candidate.readable && counts(block_[i].tag);
    }
    const auto [at, is_new] = candidate_ids_.emplace(candidate.text, candidates_.size());
    if (is_new) candidates_.push_back(candidate);
    auto& known = candidates_[at->second];
    ++known.frequency;
    known.readable = known.readable || candidate.readable;
  }

  void score_terms() {
    double most = 0, sum = 0, squares = 0, n = 0;
    for (const auto& term : terms_) {
      most = std::max(most, term.frequency);
      if (term.stop) continue;
      sum += term.frequency;
      squares += term.frequency * term.frequency;
      ++n;
    }
    if (n == 0) return;
    const auto mean = sum / n;
    const auto usual = mean + std::sqrt(std::max(0.0, squares / n - mean * mean));
    const auto sentences = static_cast<double>(split_.sentences.size());
    const auto share = [](double kinds, double count) { return count > 0 ? kinds / count : 0.0; };
    for (auto& t : terms_) {
      const auto ties = share(t.left_kinds, t.left_count) + share(t.right_kinds, t.right_count);
      const auto related = 1 + ties * t.frequency / most;
      const auto casing = std::max(t.acronyms, t.names) / (1 + std::log(t.frequency));
      const auto position = std::log(std::log(3 + median(t.sentences)));
      const auto spread = static_cast<double>(t.sentences.size()) / sentences;
      t.score = position * related / (casing + (t.frequency / usual + spread) / related);
    }
  }

  // Times that `right` follows `left`, over the times that either stands anywhere.
  double bond(size_t left, size_t right, size_t of) const {
    const auto at = ties_.find(pair_of(left, right));
    return at == ties_.end() ? 0 : at->second / terms_[of].frequency;
  }

  double score(const Candidate& candidate) const {
    double product = 1, sum = 0;
    const auto& ids = candidate.terms;
    for (size_t i = 0; i < ids.size(); ++i) {
      if (!terms_[ids[i]].stop) {
        product *= terms_[ids[i]].score;
        sum += terms_[ids[i]].score;
        continue;
      }
      const auto loose = 1 - bond(ids[i - 1], ids[i], ids[i - 1]) * bond(ids[i], ids[i + 1], ids[i + 1]);
      product *= 1 + loose;
      sum -= loose;
    }
    return product / ((sum + 1) * candidate.frequency);
  }

  SplitText split_;
  size_t max_words_;
  std::vector<Seen> block_;
  std::vector<Term> terms_;
  std::unordered_map<std::string, size_t> term_ids_;
  std::unordered_map<uint64_t, double> ties_;
  std::vector<Candidate> candidates_;  // in order of appearance
  std::unordered_map<std::string, size_t> candidate_ids_;
};

}  // namespace

std::vector<Keyword> extract_keywords(std::string_view text, size_t max_words) {
  return Statistics(text, max_words).keywords();
}

}  // namespace kvferry
