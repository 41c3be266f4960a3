// SPDX-License-Identifier: MIT
#include "model/score.h"

#include <cctype>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace kvferry {
namespace {

std::vector<std::string> normalized_words(std::string_view text) {
  std::string plain;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::ispunct(byte) == 0) plain += static_cast<char>(std::tolower(byte));
  }
  std::vector<std::string> words;
  std::istringstream in(plain);
  for (std::string word; in >> word;) {
    if (word != "a" && word != "an" && word != "the") words.push_back(word);
  }
  return words;
}

}  // namespace

AnswerScore score_answer(std::string_view predicted, std::string_view gold) {
  const auto p = normalized_words(predicted);
  const auto g = normalized_words(gold);
  if (p == g) return {1.0, 1.0};
  if (p.empty() || g.empty()) return {};
  std::map<std::string, int> left;
  for (const auto& word : g) ++left[word];
  int common = 0;
  for (const auto& word : p) {
    if (auto it = left.find(word); it != left.end() && it->second > 0) {
      --it->second;
      ++common;
    }
  }
  if (common == 0) return {};
  const double precision = common / static_cast<double>(p.size());
  const double recall = common / static_cast<double>(g.size());
  return {2 * precision * recall / (precision + recall), 0.0};
}

}  // namespace kvferry
