// SPDX-License-Identifier: MIT
//
// A document that has changed, and the questions about both of its parts.
#pragma once

#include <string>
#include <vector>

#include "model/documents.h"

namespace kvferry {

enum class EditKind : uint8_t { kInsert, kReplace, kDelete };

struct Edit {
  EditKind kind = EditKind::kInsert;
  double place = 1;  // share of the document's sentences before it; 1: the end
};

struct EditedDocument {
  std::string before, now;
  std::vector<Question> old_questions;  // about what both have
  std::vector<Question> new_questions;  // about the new paragraph; of kDelete none
};

// Inserts the paragraph between two sentences, puts it in the place of as many sentences as it has, or takes
// it out again from where it stood.
[[nodiscard]] EditedDocument edit(const Document& document, const Document& paragraph, const Edit& edit);

[[nodiscard]] const char* to_string(EditKind kind);

}  // namespace kvferry
