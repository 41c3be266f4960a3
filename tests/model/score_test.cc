// SPDX-License-Identifier: MIT
#include "model/score.h"

#include <gtest/gtest.h>

namespace kvferry {
namespace {

TEST(Score, ignores_case_punctuation_and_articles) {
  EXPECT_EQ(score_answer("The North Deru.", "north deru").f1, 1.0);
  EXPECT_EQ(score_answer("The North Deru.", "north deru").exact_match, 1.0);
}

TEST(Score, gives_the_harmonic_mean_of_precision_and_recall) {
  // Two of three predicted words are right, two of two gold words are found: 2·(2/3)·1 / (2/3 + 1).
  EXPECT_DOUBLE_EQ(score_answer("old north deru", "north deru").f1, 0.8);
  EXPECT_EQ(score_answer("old north deru", "north deru").exact_match, 0.0);
}

TEST(Score, counts_a_repeated_word_once) {
  EXPECT_DOUBLE_EQ(score_answer("deru deru", "deru").f1, 2.0 / 3.0);
}

TEST(Score, is_zero_for_nothing_in_common_and_for_an_empty_answer) {
  EXPECT_EQ(score_answer("orvik", "deru").f1, 0.0);
  EXPECT_EQ(score_answer("", "deru").f1, 0.0);
}

}  // namespace
}  // namespace kvferry
