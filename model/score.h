// SPDX-License-Identifier: MIT
//
// SQuAD's answer scores (Rajpurkar et al. 2016): exact match and token F1 after lower
// case, without punctuation and articles.
#pragma once

#include <string_view>

namespace kvferry {

struct AnswerScore {
  double f1 = 0;           // 0 to 1
  double exact_match = 0;  // 0 or 1
};

[[nodiscard]] AnswerScore score_answer(std::string_view predicted, std::string_view gold);

}  // namespace kvferry
