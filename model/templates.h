// SPDX-License-Identifier: MIT
//
// Questions that somebody may ask about a document, before anybody has: plain phrasings with the names that
// stand in the document (Topic 5's "universal base"), or a person's own from a file.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kvferry {

inline constexpr size_t kMaxTemplates = 64;

// At most `count` questions for the names that the document holds, as many for each name as there is room:
// first one for each, every time about another relation. Empty if it holds none of the lexicon's names.
[[nodiscard]] std::vector<std::string> question_templates(std::string_view document,
                                                          size_t count = kMaxTemplates);

// One question a line; empty lines are left out.
[[nodiscard]] std::vector<std::string> split_questions(std::string_view text);

}  // namespace kvferry
