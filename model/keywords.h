// SPDX-License-Identifier: MIT
//
// Keywords of one document from its own statistics, without a corpus: YAKE (Campos et al. 2018; 2020 in
// Information Sciences 509). A term's score, lower is more telling:
//
//   S(t)      = Rel Pos / (Case + Freq / Rel + Spread / Rel)
//   Case      = max(acronyms, capitalised inside a sentence) / (1 + ln TF)
//   Pos       = ln ln (3 + median number of the sentences it is in)
//   Freq      = TF / (mean TF + deviation), over terms that are no stop words
//   Rel       = 1 + (left neighbours / their occurrences + the same on the right) TF / max TF
//   Spread    = share of the sentences it is in
//   S(phrase) = prod S(t) / (TF(phrase) (1 + sum S(t)))
//
// A stop word inside a phrase counts by how firmly it is tied to its neighbours: with p the product of both
// bigram probabilities, it multiplies the product by 2 - p and takes 1 - p off the sum. As in the authors'
// implementation, terms are compared without a plural's s.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kvferry {

struct Keyword {
  std::string text;  // lower case, words joined by a space
  double score = 0;  // lower is more telling
  size_t occurrences = 0;
};

// Phrases of up to `max_words` words within one block (no punctuation inside), that neither begin nor end
// with a stop word and hold no numbers; best first, ties in order of appearance.
[[nodiscard]] std::vector<Keyword> extract_keywords(std::string_view text, size_t max_words = 3);

}  // namespace kvferry
