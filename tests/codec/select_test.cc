// SPDX-License-Identifier: MIT
#include "codec/select/select.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "tests/codec/caches.h"

namespace kvferry {
namespace {

using Rows = std::vector<std::uint32_t>;

SelectStage q2c(double ratio, std::uint32_t sinks = 0) { return {SelectPolicy::kQ2c, ratio, sinks}; }
SelectStage random_stage(double ratio) { return {SelectPolicy::kRandom, ratio, 0}; }

TEST(Select, q2c_keeps_the_highest_scores_and_the_earlier_of_equals) {
  const std::vector<float> scores = {0.1F, 0.9F, 0.5F, 0.5F, 0.0F, 0.5F};
  EXPECT_EQ(*select_rows(q2c(0.5), scores, 6, 0), (Rows{1, 2, 3}));
  EXPECT_EQ(*select_rows(q2c(0.5, 1), scores, 6, 0), (Rows{0, 1, 2}));
  EXPECT_EQ(*select_rows(q2c(1.0), scores, 6, 0), (Rows{0, 1, 2, 3, 4, 5}));
}

TEST(Select, at_least_one_row_and_the_sinks_are_kept) {
  const std::vector<float> scores = {0.1F, 0.9F, 0.5F};
  EXPECT_EQ(*select_rows(q2c(0.01), scores, 3, 0), (Rows{1}));
  EXPECT_EQ(*select_rows(q2c(0.01, 2), scores, 3, 0), (Rows{0, 1}));
  EXPECT_EQ(*select_rows(q2c(0.01, 50), scores, 3, 0), (Rows{0, 1, 2}));
  EXPECT_EQ(rows_to_keep(q2c(0.5), 5), 3U);
  EXPECT_EQ(rows_to_keep(q2c(0.75), 100), 75U);
}

TEST(Select, random_is_repeatable_nested_and_even) {
  const Rows half = *select_rows(random_stage(0.5), {}, 1000, 7);
  EXPECT_EQ(half.size(), 500U);
  EXPECT_EQ(half, *select_rows(random_stage(0.5), {}, 1000, 7));
  EXPECT_NE(half, *select_rows(random_stage(0.5), {}, 1000, 8));
  const Rows quarter = *select_rows(random_stage(0.25), {}, 1000, 7);
  EXPECT_TRUE(std::includes(half.begin(), half.end(), quarter.begin(), quarter.end()));
  std::vector<int> kept(20);
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    const Rows rows = *select_rows(random_stage(0.5), {}, 20, seed);
    for (const std::uint32_t row : rows) ++kept[row];
  }
  for (const int times : kept) EXPECT_NEAR(times, 1000, 120);  // 5 standard deviations
}

TEST(Select, scores_must_be_finite_and_one_for_each_row) {
  const std::vector<float> scores = {0.1F, std::numeric_limits<float>::quiet_NaN()};
  EXPECT_EQ(select_rows(q2c(0.5), scores, 3, 0).error().message,
            "select: 2 scores, expected 3 (one for each row)");
  EXPECT_EQ(select_rows(q2c(0.5), scores, 2, 0).error().message,
            "select: score of row 1 is not a finite number");
}

TEST(Select, kept_rows_keep_their_numbers_and_positions) {
  const KvCache cache = testing::gaussian_cache({2, 2, 3}, 6);
  const auto part = keep_rows(cache, Rows{1, 4});
  ASSERT_TRUE(part.ok());
  EXPECT_EQ(part->positions(1)[1], 4);
  EXPECT_EQ(part->token_count(), 6U);
  EXPECT_EQ(part->next_position(), 6);
  for (std::size_t channel = 0; channel < 6; ++channel) {
    EXPECT_EQ(part->key_data(1)[6 + channel], cache.key_data(1)[4 * 6 + channel]);
    EXPECT_EQ(part->value_data(0)[channel], cache.value_data(0)[6 + channel]);
  }
}

TEST(Select, ragged_caches_cannot_be_selected_by_row) {
  const KvCache cache = testing::gaussian_cache({2, 1, 4}, {{0, 1}, {0, 2}}, 3);
  EXPECT_EQ(keep_rows(cache, Rows{0}).error().message,
            "select: layer 1 keeps other positions than layer 0, expected the same in all layers");
  EXPECT_EQ(keep_rows(cache, Rows{2}).error().message, "select: row 2, expected below 2");
}

}  // namespace
}  // namespace kvferry
