// SPDX-License-Identifier: MIT
#include "scenarios/lab/tables/bootstrap.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "protocol/base/rng.h"

namespace kvferry {
namespace {

TEST(Bootstrap, has_no_width_where_all_documents_agree) {
  const std::vector<double> scores(10, 4.0), questions(10, 8.0);
  const auto interval = bootstrap_ratio(scores, questions, 1);
  EXPECT_EQ(interval.low, 0.5);
  EXPECT_EQ(interval.high, 0.5);
}

TEST(Bootstrap, repeats_itself_with_its_seed) {
  const std::vector<double> scores = {1, 5, 2, 8, 3}, questions(5, 8.0);
  const auto first = bootstrap_ratio(scores, questions, 7), again = bootstrap_ratio(scores, questions, 7);
  EXPECT_EQ(first.low, again.low);
  EXPECT_EQ(first.high, again.high);
  EXPECT_LT(first.low, 19.0 / 40);
  EXPECT_GT(first.high, 19.0 / 40);
}

// The mean of n independent values has an interval of 1.96 standard errors to each side.
TEST(Bootstrap, comes_to_the_normal_interval_for_many_documents) {
  constexpr size_t kDocuments = 400;
  Rng rng(3);
  std::vector<double> scores(kDocuments), questions(kDocuments, 1.0);
  double sum = 0, squares = 0;
  for (auto& score : scores) {
    score = rng.uniform();
    sum += score;
    squares += score * score;
  }
  const double mean = sum / kDocuments;
  const double error = std::sqrt((squares / kDocuments - mean * mean) / kDocuments);
  const auto interval = bootstrap_ratio(scores, questions, 11);
  EXPECT_NEAR(interval.low, mean - 1.96 * error, 0.25 * error);
  EXPECT_NEAR(interval.high, mean + 1.96 * error, 0.25 * error);
}

TEST(Bootstrap, weighs_documents_by_their_questions) {
  // One long document decides: resamples without it have another ratio.
  const std::vector<double> scores = {90, 0, 0}, questions = {100, 1, 1};
  const auto interval = bootstrap_ratio(scores, questions, 5);
  EXPECT_EQ(interval.low, 0);
  EXPECT_EQ(interval.high, 0.9);
}

TEST(Bootstrap, draws_without_a_denominator_are_drawn_again) {
  const std::vector<double> above = {0, 0, 0, 3};
  const std::vector<double> below = {0, 0, 0, 4};
  const auto interval = bootstrap_ratio(above, below, 1);
  EXPECT_DOUBLE_EQ(interval.low, 0.75);
  EXPECT_DOUBLE_EQ(interval.high, 0.75);
}

}  // namespace
}  // namespace kvferry
