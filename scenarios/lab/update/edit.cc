// SPDX-License-Identifier: MIT
#include "scenarios/lab/update/edit.h"

#include <algorithm>
#include <cmath>

namespace kvferry {
namespace {

// Each with its full stop.
std::vector<std::string> sentences_of(const std::string& text) {
  std::vector<std::string> sentences;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto stop = text.find(" .", begin);
    const auto end = stop == std::string::npos ? text.size() : stop + 2;
    sentences.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return sentences;
}

std::string join(const std::vector<std::string>& sentences) {
  std::string text;
  for (const auto& sentence : sentences) text += (text.empty() ? "" : " ") + sentence;
  return text;
}

// Whether its answer still stands in the text.
bool is_answered(const Question& question, const std::string& text) {
  return (" " + text + " ").find(" " + question.answer + " ") != std::string::npos;
}

}  // namespace

const char* to_string(EditKind kind) {
  switch (kind) {
    case EditKind::kInsert:
      return "insert";
    case EditKind::kReplace:
      return "replace";
    case EditKind::kDelete:
      return "delete";
  }
  return "";
}

EditedDocument edit(const Document& document, const Document& paragraph, const Edit& edit) {
  auto sentences = sentences_of(document.text);
  const auto added = sentences_of(paragraph.text);
  auto place = static_cast<std::ptrdiff_t>(std::llround(edit.place * static_cast<double>(sentences.size())));
  EditedDocument out{document.text, {}, {}, paragraph.questions};
  if (edit.kind == EditKind::kReplace) {
    const auto count = static_cast<std::ptrdiff_t>(std::min(added.size(), sentences.size()));
    place = std::min(place, static_cast<std::ptrdiff_t>(sentences.size()) - count);
    sentences.erase(sentences.begin() + place, sentences.begin() + place + count);
  }
  sentences.insert(sentences.begin() + place, added.begin(), added.end());
  out.now = join(sentences);
  if (edit.kind == EditKind::kDelete) {
    std::swap(out.before, out.now);
    out.new_questions.clear();
  }
  std::ranges::copy_if(document.questions, std::back_inserter(out.old_questions),
                       [&](const Question& question) { return is_answered(question, out.now); });
  return out;
}

}  // namespace kvferry
