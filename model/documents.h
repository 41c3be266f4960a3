// SPDX-License-Identifier: MIT
//
// Documents of facts about people, with questions whose answers stand in the document
// and nowhere else. The same seed gives the same document.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/lexicon.h"
#include "protocol/base/rng.h"

namespace kvferry {

struct Question {
  std::string text;    // "where does bako live ?"
  std::string answer;  // one to three words
};

struct Document {
  std::string text;
  std::vector<Question> questions;  // one per fact, in random order
};

struct DocumentSpec {
  int facts = 8;
  int words = 0;  // filled up to about this many words with sentences nobody asks about; 0: facts only
  bool paraphrased = false;    // all phrasings instead of the plain one
  int relations = kRelations;  // how many different relations occur; with one or two, the name alone decides
};

[[nodiscard]] Document make_document(const DocumentSpec& spec, Rng& rng);

}  // namespace kvferry
