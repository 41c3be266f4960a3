// SPDX-License-Identifier: MIT
#include "codec/select/layers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/codec/caches.h"

namespace kvferry {
namespace {

using Layers = std::vector<std::uint32_t>;

LayersStage stage_of(LayerScore score, double ratio, double alpha = 0.5) {
  LayersStage stage;
  stage.score = score;
  stage.ratio = ratio;
  stage.alpha = alpha;
  return stage;
}

ProtectStage ends(std::uint32_t layers) { return {0, 0, layers, false}; }

AttentionSource attention(std::vector<float> scores) {
  return [scores = std::move(scores)](AttentionScore score) -> Result<std::vector<float>> {
    if (score != AttentionScore::kLayers) return Error{"asked for rows"};
    return scores;
  };
}

TEST(Layers, scores_are_those_of_the_paper) {
  // L = 8, mu = 0.5, sigma = 0.25: the prior is exp(-(l - 4)^2 / 8).
  const double prior[] = {std::exp(-2.0),   std::exp(-1.125), std::exp(-0.5),  std::exp(-0.125), 1,
                          std::exp(-0.125), std::exp(-0.5),   std::exp(-1.125)};
  const std::vector<float> importance = {1, 0.5F, 0.25F, 0, 0, 0.25F, 0.5F, 0.75F};
  const auto gaussian = layer_scores(stage_of(LayerScore::kGaussian, 0.5), {}, 8);
  const auto alone = layer_scores(stage_of(LayerScore::kAttention, 0.5), importance, 8);
  const auto hybrid = layer_scores(stage_of(LayerScore::kHybrid, 0.5, 0.25), importance, 8);
  for (std::size_t layer = 0; layer < 8; ++layer) {
    const double expected = static_cast<double>(importance[layer]);
    EXPECT_NEAR(gaussian[layer], prior[layer], 1e-15);
    EXPECT_EQ(alone[layer], expected);
    EXPECT_NEAR(hybrid[layer], 0.25 * expected + 0.75 * prior[layer], 1e-15);
  }
  LayersStage moved = stage_of(LayerScore::kGaussian, 0.5);
  moved.mu = 0.25;
  moved.sigma = 0.125;
  EXPECT_NEAR(layer_scores(moved, {}, 8)[3], std::exp(-0.5), 1e-15);
}

TEST(Layers, hybrid_at_the_ends_of_alpha_is_each_of_its_parts) {
  const std::vector<float> importance = {0.9F, 0.1F, 0.4F, 0.3F, 0.8F, 0.2F};
  EXPECT_EQ(layer_scores(stage_of(LayerScore::kHybrid, 1, 1), importance, 6),
            layer_scores(stage_of(LayerScore::kAttention, 1), importance, 6));
  EXPECT_EQ(layer_scores(stage_of(LayerScore::kHybrid, 1, 0), importance, 6),
            layer_scores(stage_of(LayerScore::kGaussian, 1), {}, 6));
}

TEST(Layers, the_top_share_travels_and_the_ends_when_protected) {
  const AttentionSource source = attention({0.9F, 0.1F, 0.4F, 0.4F, 0.8F, 0.2F, 0.4F, 0.0F});
  const auto select = [&](double ratio, const ProtectStage& protect) {
    return *select_layers(stage_of(LayerScore::kAttention, ratio), protect, 8, source);
  };
  EXPECT_EQ(select(0.5, {}), (Layers{0, 2, 3, 4}));  // of 2, 3 and 6 the earlier two
  EXPECT_EQ(select(0.7, {}), (Layers{0, 2, 3, 4, 5, 6}));
  EXPECT_EQ(select(0.5, ends(1)), (Layers{0, 2, 4, 7}));
  EXPECT_EQ(select(0.25, ends(2)), (Layers{0, 1, 6, 7}));
  EXPECT_EQ(select(0.01, {}), (Layers{0}));
  EXPECT_EQ(select(0.01, ends(512)), (Layers{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(select_layers({}, {}, 3, {})->size(), 3U);
  EXPECT_EQ(*select_layers(stage_of(LayerScore::kGaussian, 0.3), {}, 10, {}), (Layers{4, 5, 6}));
}

TEST(Layers, scores_must_be_there_finite_and_one_for_each_layer) {
  const auto error = [](const AttentionSource& source) {
    return select_layers(stage_of(LayerScore::kHybrid, 0.5), {}, 2, source).error().message;
  };
  EXPECT_EQ(error({}), "select: layers needs scores, expected a model to ask");
  EXPECT_EQ(error(attention({1})), "select: 1 scores of layers, expected 2");
  EXPECT_EQ(error(attention({1, std::numeric_limits<float>::infinity()})),
            "select: score 1 of layers is not a finite number");
}

TEST(Layers, what_is_not_kept_has_no_rows) {
  const KvCache cache = testing::gaussian_cache({3, 2, 3}, {{0, 1, 2}, {1, 3}, {0, 2}}, 4);
  const auto part = keep_layers(cache, Layers{0, 2});
  ASSERT_TRUE(part.ok());
  EXPECT_EQ(part->rows(1), 0U);
  EXPECT_EQ(part->token_count(), 4U);
  for (const std::size_t layer : {0U, 2U}) {
    EXPECT_TRUE(std::ranges::equal(part->positions(layer), cache.positions(layer)));
    EXPECT_TRUE(std::ranges::equal(part->key_data(layer), cache.key_data(layer)));
    EXPECT_TRUE(std::ranges::equal(part->value_data(layer), cache.value_data(layer)));
  }
  EXPECT_EQ(*keep_layers(cache, Layers{0, 1, 2}), cache);
  EXPECT_EQ(keep_layers(cache, Layers{3}).error().message, "select: layer 3, expected below 3");
}

}  // namespace
}  // namespace kvferry
