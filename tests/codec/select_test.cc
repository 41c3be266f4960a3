// SPDX-License-Identifier: MIT
#include "codec/select/select.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>

#include "tests/codec/caches.h"

namespace kvferry {
namespace {

using Rows = std::vector<std::uint32_t>;
using Scores = std::map<AttentionScore, std::vector<float>>;

SelectStage q2c(double ratio) { return {SelectMethod::kQ2c, ratio}; }
SelectStage random_stage(double ratio) { return {SelectMethod::kRandom, ratio}; }
ProtectStage protect(std::uint32_t first, std::uint32_t recent = 0) { return {first, recent, 0, false}; }

AttentionSource source_of(Scores scores) {
  return [scores = std::move(scores)](AttentionScore score) -> Result<std::vector<float>> {
    const auto found = scores.find(score);
    if (found == scores.end()) return Error{"asked for what was not expected"};
    return found->second;
  };
}

Rows rows_of(const SelectStage& stage, const ProtectStage& kept, std::size_t n, const Scores& scores,
             std::uint64_t seed = 0) {
  const auto selection = select_rows(stage, kept, n, source_of(scores), seed);
  return selection ? selection->rows : Rows{};
}

// The same by sorting everything: protected rows, then scores, then places.
Rows sorted_selection(const std::vector<float>& scores, const ProtectStage& kept, std::size_t keep) {
  Rows rows(scores.size());
  std::iota(rows.begin(), rows.end(), 0U);
  const auto is_kept = [&](std::uint32_t row) {
    return row < kept.first || row + kept.recent >= scores.size();
  };
  std::stable_sort(rows.begin(), rows.end(), [&](std::uint32_t a, std::uint32_t b) {
    if (is_kept(a) != is_kept(b)) return is_kept(a);
    return !is_kept(a) && scores[a] > scores[b];
  });
  rows.resize(keep);
  std::sort(rows.begin(), rows.end());
  return rows;
}

TEST(Select, keeps_the_highest_scores_and_the_earlier_of_equals) {
  const Scores scores = {{AttentionScore::kQ2c, {0.1F, 0.9F, 0.5F, 0.5F, 0.0F, 0.5F}}};
  EXPECT_EQ(rows_of(q2c(0.5), {}, 6, scores), (Rows{1, 2, 3}));
  EXPECT_EQ(rows_of(q2c(0.5), protect(1), 6, scores), (Rows{0, 1, 2}));
  EXPECT_EQ(rows_of(q2c(0.5), protect(1, 1), 6, scores), (Rows{0, 1, 5}));
  EXPECT_EQ(rows_of(q2c(1.0), {}, 6, scores), (Rows{0, 1, 2, 3, 4, 5}));
}

TEST(Select, each_method_asks_for_its_own_score) {
  const std::pair<SelectMethod, AttentionScore> pairs[] = {
      {SelectMethod::kH2o, AttentionScore::kH2o},
      {SelectMethod::kSnapKv, AttentionScore::kSnapKv},
      {SelectMethod::kTemplates, AttentionScore::kTemplates},
      {SelectMethod::kQ2c, AttentionScore::kQ2c}};
  for (const auto& [method, score] : pairs) {
    const auto selection = select_rows({method, 0.5}, {}, 4, source_of({{score, {1, 7, 3, 9}}}), 0);
    ASSERT_TRUE(selection.ok()) << to_string(method);
    EXPECT_EQ(selection->rows, (Rows{1, 3}));
    EXPECT_EQ(selection->scores, (std::vector<float>{7, 9}));
  }
  for (const SelectMethod method : {SelectMethod::kFull, SelectMethod::kRandom, SelectMethod::kStreaming}) {
    const auto selection = select_rows({method, 0.5}, {}, 4, {}, 0);
    ASSERT_TRUE(selection.ok()) << to_string(method);
    EXPECT_EQ(selection->rows.size(), method == SelectMethod::kFull ? 4U : 2U);
    EXPECT_TRUE(selection->scores.empty());
  }
}

TEST(Select, agrees_with_sorting_everything) {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    Rng rng(seed);
    const std::size_t n = 1 + rng.below(60);
    std::vector<float> scores(n);
    for (float& score : scores) score = static_cast<float>(rng.below(12));
    const ProtectStage kept =
        protect(static_cast<std::uint32_t>(rng.below(9)), static_cast<std::uint32_t>(rng.below(9)));
    const SelectStage stage = q2c(1 - rng.uniform());
    const std::size_t keep = rows_to_keep(stage, kept, n);
    ASSERT_EQ(rows_of(stage, kept, n, {{AttentionScore::kQ2c, scores}}), sorted_selection(scores, kept, keep))
        << "seed " << seed;
  }
}

TEST(Select, streaming_keeps_the_first_and_the_most_recent) {
  const SelectStage streaming{SelectMethod::kStreaming, 0.5};
  EXPECT_EQ(rows_of(streaming, {}, 16, {}), (Rows{0, 1, 2, 3, 12, 13, 14, 15}));
  EXPECT_EQ(rows_of(streaming, protect(2), 16, {}), (Rows{0, 1, 10, 11, 12, 13, 14, 15}));
  EXPECT_EQ(rows_of({SelectMethod::kStreaming, 0.1}, {}, 16, {}), (Rows{0, 1}));
  EXPECT_EQ(rows_of({SelectMethod::kStreaming, 0.1}, protect(0, 1), 16, {}), (Rows{0, 15}));
}

TEST(Select, union_adds_what_the_question_asks_to_a_base) {
  const Scores scores = {{AttentionScore::kTemplates, {9, 8, 7, 6, 5, 4, 3, 2}},
                         {AttentionScore::kQ2c, {8, 1, 1, 2, 3, 9, 1, 7}}};
  const SelectStage stage{SelectMethod::kUnion, 0.25, 0.25};
  const auto selection = select_rows(stage, {}, 8, source_of(scores), 0);
  ASSERT_TRUE(selection.ok());
  EXPECT_EQ(selection->rows, (Rows{0, 1, 5, 7}));  // 0 is in both: the task's share goes to others
  EXPECT_EQ(selection->scores, (std::vector<float>{8, 1, 9, 7}));
  EXPECT_EQ(rows_of(stage, protect(0, 1), 8, scores), (Rows{0, 4, 5, 7}));
  EXPECT_EQ(rows_of({SelectMethod::kUnion, 0.5, 0.5}, {}, 8, scores).size(), 8U);
}

TEST(Select, at_least_one_row_and_the_protected_ones_are_kept) {
  const Scores scores = {{AttentionScore::kQ2c, {0.1F, 0.9F, 0.5F}}};
  EXPECT_EQ(rows_of(q2c(0.01), {}, 3, scores), (Rows{1}));
  EXPECT_EQ(rows_of(q2c(0.01), protect(2), 3, scores), (Rows{0, 1}));
  EXPECT_EQ(rows_of(q2c(0.01), protect(50, 50), 3, scores), (Rows{0, 1, 2}));
  EXPECT_EQ(rows_to_keep(q2c(0.5), {}, 5), 3U);
  EXPECT_EQ(rows_to_keep(q2c(0.75), protect(4), 100), 75U);  // protected rows count towards the share
  EXPECT_EQ(rows_to_keep({SelectMethod::kUnion, 0.25, 0.1}, protect(30, 10), 100), 50U);
  EXPECT_EQ(rows_to_keep({SelectMethod::kFull}, {}, 7), 7U);
}

TEST(Select, random_is_repeatable_nested_and_even) {
  for (const ProtectStage& kept : {protect(0), protect(4, 3)}) {
    const Rows half = rows_of(random_stage(0.5), kept, 1000, {}, 7);
    EXPECT_EQ(half.size(), 500U);
    EXPECT_EQ(half, rows_of(random_stage(0.5), kept, 1000, {}, 7));
    EXPECT_NE(half, rows_of(random_stage(0.5), kept, 1000, {}, 8));
    const Rows quarter = rows_of(random_stage(0.25), kept, 1000, {}, 7);
    EXPECT_TRUE(std::includes(half.begin(), half.end(), quarter.begin(), quarter.end()));
  }
  std::vector<int> times(20);
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    for (const std::uint32_t row : rows_of(random_stage(0.5), {}, 20, {}, seed)) ++times[row];
  }
  for (const int count : times) EXPECT_NEAR(count, 1000, 120);  // 5 standard deviations
}

TEST(Select, scores_must_be_there_finite_and_one_for_each_row) {
  const auto error = [](const AttentionSource& source, std::size_t n) {
    return select_rows(q2c(0.5), {}, n, source, 0).error().message;
  };
  const auto source = source_of({{AttentionScore::kQ2c, {0.1F, std::numeric_limits<float>::quiet_NaN()}}});
  EXPECT_EQ(error(source, 3), "select: 2 scores of q2c, expected 3");
  EXPECT_EQ(error(source, 2), "select: score 1 of q2c is not a finite number");
  EXPECT_EQ(error({}, 2), "select: q2c needs scores, expected a model to ask");
  EXPECT_EQ(error(source_of({}), 2), "asked for what was not expected");
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
