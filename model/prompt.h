// SPDX-License-Identifier: MIT
//
// How documents and questions become tokens: "<doc> text", then "<q> question <a>",
// then the answer and "<end>". Training and answering share these.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/tokenizer.h"

namespace kvferry {

inline constexpr const char* kUnknownMark = "<unk>";
inline constexpr const char* kDocumentMark = "<doc>";
inline constexpr const char* kQuestionMark = "<q>";
inline constexpr const char* kAnswerMark = "<a>";
inline constexpr const char* kEndMark = "<end>";

[[nodiscard]] inline std::vector<int64_t> document_tokens(const Tokenizer& tokenizer,
                                                          const std::string& text) {
  return tokenizer.encode(std::string(kDocumentMark) + " " + text);
}

[[nodiscard]] inline std::vector<int64_t> question_tokens(const Tokenizer& tokenizer,
                                                          const std::string& question) {
  return tokenizer.encode(std::string(kQuestionMark) + " " + question + " " + kAnswerMark);
}

}  // namespace kvferry
