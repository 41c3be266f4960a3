// SPDX-License-Identifier: MIT
#include "codec/calibration/match.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "codec/calibration/calibration.h"
#include "codec/transform/rope.h"
#include "tests/codec/caches.h"

namespace kvferry {
namespace {

// A model's caches: numbers of their own scale, so that its moments differ from others'.
KvCache cache_of(KvGeometry geometry, float scale, std::uint64_t seed) {
  KvCache cache = testing::gaussian_cache(geometry, 120, seed);
  for (std::uint32_t layer = 0; layer < geometry.layers; ++layer) {
    for (auto& half : cache.key_data(layer)) half = float_to_half(scale * half_to_float(half));
    for (auto& half : cache.value_data(layer)) half = float_to_half(scale * half_to_float(half) + scale);
  }
  return cache;
}

ModelMoments moments_of(const KvCache& cache, double theta) {
  return calibrate(std::span(&cache, 1), theta, {}, 1)->moments();
}

std::vector<float> numbers(std::span<const std::uint16_t> halves) {
  std::vector<float> values;
  for (const std::uint16_t half : halves) values.push_back(half_to_float(half));
  return values;
}

double average(const std::vector<float>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

TEST(MatchMoments, a_matched_cache_has_the_receivers_mean_and_deviation) {
  const KvCache sent = cache_of({3, 2, 16}, 2.0F, 1);
  const ModelMoments sender = moments_of(sent, 1e4);
  const ModelMoments receiver = moments_of(cache_of({3, 2, 16}, 0.5F, 2), 1e6);
  const auto matched = match_moments(sent, sender, receiver);
  ASSERT_TRUE(matched.ok()) << matched.error().message;
  const ModelMoments found = moments_of(*matched, 1e6);
  for (std::size_t layer = 0; layer < 3; ++layer) {
    for (std::size_t i = 0; i < 32; ++i) {
      const ModelMoments::Layer& got = found.layers[layer];
      const ModelMoments::Layer& wanted = receiver.layers[layer];
      EXPECT_NEAR(got.key.mean[i], wanted.key.mean[i], 2e-3);
      EXPECT_NEAR(got.key.deviation[i], wanted.key.deviation[i], 2e-3);
      EXPECT_NEAR(got.value.mean[i], wanted.value.mean[i], 1e-3);
      EXPECT_NEAR(got.value.deviation[i], wanted.value.deviation[i], 1e-3);
      EXPECT_GT(std::abs(sender.layers[layer].value.deviation[i] - wanted.value.deviation[i]), 0.5F);
    }
  }
}

TEST(MatchMoments, the_same_model_on_both_sides_changes_no_bit) {
  const KvCache sent = cache_of({2, 2, 8}, 1.0F, 3);
  const ModelMoments model = moments_of(sent, 1e4);
  const auto matched = match_moments(sent, model, model);
  ASSERT_TRUE(matched.ok());
  EXPECT_EQ(*matched, sent);
  EXPECT_EQ(match_shape(sent, 1e4, sent.geometry(), 1e4).value(), sent);
}

TEST(MatchMoments, statistics_are_scalars_where_head_sizes_differ) {
  const KvCache sent = cache_of({4, 2, 16}, 2.0F, 4);
  const ModelMoments sender = moments_of(sent, 1e4);
  const ModelMoments receiver = moments_of(cache_of({2, 3, 8}, 0.5F, 5), 1e4);
  const auto matched = match_moments(sent, sender, receiver);
  ASSERT_TRUE(matched.ok()) << matched.error().message;
  ASSERT_EQ(matched->geometry(), (KvGeometry{2, 3, 8}));
  // Layer 1 of 2 takes the last of 4; head 2 of 3 is head 0 again; dimensions 0 .. 7 of 16.
  const Moments& from = sender.layers[3].value;
  const Moments& to = receiver.layers[1].value;
  const double scale = average(to.deviation) / average(from.deviation);
  for (std::size_t row = 0; row < 120; ++row) {
    for (std::size_t i = 0; i < 24; ++i) {
      const std::size_t channel = i / 8 % 2 * 16 + i % 8;
      const auto x = static_cast<double>(half_to_float(sent.value_data(3)[row * 32 + channel]));
      const double expected = (x - average(from.mean)) * scale + average(to.mean);
      EXPECT_NEAR(half_to_float(matched->value_data(1)[row * 24 + i]), expected, 2e-3);
    }
  }
}

TEST(MatchMoments, keys_are_matched_before_rope) {
  const KvCache sent = cache_of({1, 1, 8}, 1.0F, 6);
  const ModelMoments sender = moments_of(sent, 1e4);
  ModelMoments receiver = sender;
  receiver.layers[0].key.mean[5] += 3;
  receiver.layers[0].key.deviation[5] *= 2;
  auto expected = numbers(sent.key_data(0));
  undo_rope(expected.data(), sent.positions(0), 1, 8, 1e4);
  const double mean = sender.layers[0].key.mean[5];
  for (std::size_t at = 5; at < expected.size(); at += 8) {
    expected[at] = static_cast<float>((static_cast<double>(expected[at]) - mean) * 2 + mean + 3);
  }
  redo_rope(expected.data(), sent.positions(0), 1, 8, 1e4);
  const auto matched = match_moments(sent, sender, receiver);
  const auto got = numbers(matched->key_data(0));
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 0.02) << i;
  EXPECT_TRUE(
      std::equal(sent.value_data(0).begin(), sent.value_data(0).end(), matched->value_data(0).begin()));
}

TEST(MatchMoments, a_channel_that_never_varied_becomes_the_receivers_mean) {
  const KvCache sent = cache_of({1, 1, 4}, 1.0F, 7);
  ModelMoments sender = moments_of(sent, 1e4);
  ModelMoments receiver = sender;
  sender.layers[0].value.deviation[2] = 0;
  receiver.layers[0].value.mean[2] = 6.5F;
  const auto matched = match_moments(sent, sender, receiver);
  for (std::size_t row = 0; row < 120; ++row) {
    EXPECT_EQ(half_to_float(matched->value_data(0)[row * 4 + 2]), 6.5F);
  }
}

TEST(MatchMoments, values_beyond_fp16_stay_within_it) {
  const KvCache sent = cache_of({1, 1, 4}, 1.0F, 8);
  const ModelMoments sender = moments_of(sent, 1e4);
  ModelMoments receiver = sender;
  for (float& deviation : receiver.layers[0].value.deviation) deviation = 60000;
  const auto matched = match_moments(sent, sender, receiver);
  float largest = 0;
  for (const std::uint16_t half : matched->value_data(0)) {
    ASSERT_TRUE(half_is_finite(half));
    largest = std::max(largest, half_to_float(half));
  }
  EXPECT_EQ(largest, kHalfMax);
}

TEST(MatchShape, layers_meet_at_the_same_relative_depth) {
  KvCache sent = std::move(*KvCache::create_full({5, 1, 2}, 1));
  for (std::uint32_t layer = 0; layer < 5; ++layer) {
    sent.value_data(layer)[0] = float_to_half(static_cast<float>(layer));
  }
  const auto layers_taken = [&sent](std::uint32_t layers) {
    const auto matched = match_shape(sent, 1e4, {layers, 1, 2}, 1e4);
    std::vector<float> taken;
    for (std::uint32_t layer = 0; layer < layers; ++layer) {
      taken.push_back(half_to_float(matched->value_data(layer)[0]));
    }
    return taken;
  };
  EXPECT_EQ(layers_taken(1), (std::vector<float>{0}));
  EXPECT_EQ(layers_taken(2), (std::vector<float>{0, 4}));
  EXPECT_EQ(layers_taken(3), (std::vector<float>{0, 2, 4}));
  EXPECT_EQ(layers_taken(9), (std::vector<float>{0, 1, 1, 2, 2, 3, 3, 4, 4}));
}

TEST(MatchShape, keys_are_cut_and_repeated_within_the_halves_that_rope_pairs) {
  KvCache sent = std::move(*KvCache::create_full({1, 2, 4}, 1));  // position 0: RoPE changes nothing
  for (std::size_t i = 0; i < 8; ++i) {
    sent.key_data(0)[i] = sent.value_data(0)[i] = float_to_half(static_cast<float>(i));
  }
  const auto wider = match_shape(sent, 1e4, {1, 1, 8}, 1e4);
  EXPECT_EQ(numbers(wider->key_data(0)), (std::vector<float>{0, 1, 0, 1, 2, 3, 2, 3}));
  EXPECT_EQ(numbers(wider->value_data(0)), (std::vector<float>{0, 1, 2, 3, 0, 1, 2, 3}));
  const auto narrower = match_shape(sent, 1e4, {1, 3, 2}, 1e4);
  EXPECT_EQ(numbers(narrower->key_data(0)), (std::vector<float>{0, 2, 4, 6, 0, 2}));
  EXPECT_EQ(numbers(narrower->value_data(0)), (std::vector<float>{0, 1, 4, 5, 0, 1}));
}

TEST(MatchShape, positions_are_kept_and_rotated_with_the_receivers_theta) {
  const KvCache sent = testing::gaussian_cache({2, 1, 8}, {{0, 40}, {3, 7, 900}}, 1000, 9);
  const auto matched = match_shape(sent, 1e4, {2, 1, 8}, 1e6);
  ASSERT_TRUE(matched.ok());
  EXPECT_EQ(matched->token_count(), 1000U);
  auto expected = numbers(sent.key_data(1));
  undo_rope(expected.data(), sent.positions(1), 1, 8, 1e4);
  redo_rope(expected.data(), sent.positions(1), 1, 8, 1e6);
  const auto got = numbers(matched->key_data(1));
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], expected[i], 5e-3);
}

TEST(MatchMoments, what_does_not_fit_is_named) {
  const KvCache sent = cache_of({2, 2, 8}, 1.0F, 10);
  const ModelMoments model = moments_of(sent, 1e4);
  const ModelMoments other = moments_of(cache_of({3, 2, 8}, 1.0F, 11), 1e4);
  EXPECT_EQ(match_moments(sent, other, model).error().message,
            "match: the cache's geometry is not the sender's, expected a cache of its model");
  ModelMoments cut = model;
  cut.layers.pop_back();
  EXPECT_EQ(match_moments(sent, model, cut).error().message,
            "match: receiver's moments have 1 layers, expected 2");
  EXPECT_EQ(match_shape(sent, 1e4, {2, 2, 7}, 1e4).error().message,
            "match: receiver's head_dim is 7, expected an even number");
  EXPECT_EQ(match_shape(sent, NAN, {2, 2, 8}, 1e4).error().message,
            "match: sender's rope_theta is nan, expected a number from 1");
  KvCache broken = sent;
  broken.value_data(1)[16] = 0x7c00;
  EXPECT_EQ(match_shape(broken, 1e4, {2, 3, 8}, 1e4).error().message,
            "match: layer 1 V row 1 is not finite, expected numbers");
}

}  // namespace
}  // namespace kvferry
