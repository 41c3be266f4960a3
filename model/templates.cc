// SPDX-License-Identifier: MIT
#include "model/templates.h"

#include <algorithm>
#include <set>

#include "model/lexicon.h"
#include "model/words.h"

namespace kvferry {
namespace {

std::vector<std::string> names_in(std::string_view document) {
  const std::set<std::string> known(lexicon().names.begin(), lexicon().names.end());
  std::vector<std::string> names;
  for (const auto& word : split_words(document)) {
    auto name = lower_case(word);
    if (known.count(name) > 0 && std::find(names.begin(), names.end(), name) == names.end()) {
      names.push_back(std::move(name));
    }
  }
  return names;
}

}  // namespace

std::vector<std::string> question_templates(std::string_view document, size_t count) {
  const auto names = names_in(document);
  const auto& phrases = lexicon().phrases;
  std::vector<std::string> questions;
  for (size_t turn = 0; turn < phrases.size(); ++turn) {
    for (size_t i = 0; i < names.size() && questions.size() < count; ++i) {
      std::string question(phrases[(i + turn) % phrases.size()].questions.front());
      question.replace(question.find("{n}"), 3, names[i]);
      questions.push_back(std::move(question));
    }
  }
  return questions;
}

std::vector<std::string> split_questions(std::string_view text) {
  std::vector<std::string> questions;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.find_first_not_of(" \t\r") != std::string_view::npos) questions.emplace_back(line);
  }
  return questions;
}

}  // namespace kvferry
