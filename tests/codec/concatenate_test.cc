// SPDX-License-Identifier: MIT
#include "codec/concatenate.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/codec/caches.h"

namespace kvferry {
namespace {

constexpr KvGeometry kGeometry{2, 2, 8};
constexpr double kTheta = 10'000;

KvCache gaussian_cache(std::uint32_t tokens, std::uint64_t seed) {
  auto cache = *KvCache::create_full(kGeometry, tokens);
  testing::fill_gaussian(cache, seed);
  return cache;
}

// K of one row turned by some positions, in double precision.
std::vector<double> turned(std::span<const std::uint16_t> row, double positions) {
  std::vector<double> out(row.size());
  const std::size_t half = kGeometry.head_dim / 2;
  for (std::size_t i = 0; i < row.size(); ++i) {
    const std::size_t pair = i % kGeometry.head_dim % half;
    const bool first = i % kGeometry.head_dim < half;
    const double angle = positions * std::pow(kTheta, -static_cast<double>(pair) / static_cast<double>(half));
    const double own = half_to_float(row[i]);
    const double other = half_to_float(row[first ? i + half : i - half]);
    out[i] = own * std::cos(angle) + (first ? -other : other) * std::sin(angle);
  }
  return out;
}

TEST(Concatenate, TurnsKeysByTheTokensBeforeAndLeavesValues) {
  const auto a = gaussian_cache(5, 1), b = gaussian_cache(9, 2);
  const KvCache* both[] = {&a, &b};
  const auto joined = concatenate(both, kTheta);
  ASSERT_TRUE(joined) << joined.error().message;
  EXPECT_EQ(joined->token_count(), 14u);
  const std::size_t channels = kGeometry.channels();
  for (std::size_t layer = 0; layer < kGeometry.layers; ++layer) {
    for (std::size_t row = 0; row < 9; ++row) {
      const auto expected = turned(b.key_data(layer).subspan(row * channels, channels), 5);
      for (std::size_t i = 0; i < channels; ++i) {
        EXPECT_NEAR(half_to_float(joined->key_data(layer)[(5 + row) * channels + i]), expected[i], 5e-3);
      }
    }
    EXPECT_TRUE(std::ranges::equal(joined->value_data(layer).subspan(5 * channels), b.value_data(layer)));
    EXPECT_TRUE(std::ranges::equal(joined->key_data(layer).first(5 * channels), a.key_data(layer)));
  }
}

TEST(Concatenate, PartsAreWhatWentIn) {
  const auto a = gaussian_cache(5, 1), b = gaussian_cache(9, 2);
  const KvCache* both[] = {&a, &b};
  const auto joined = *concatenate(both, kTheta);
  const auto part = part_of(joined, 5, 14, kTheta);
  ASSERT_TRUE(part) << part.error().message;
  EXPECT_EQ(part->token_count(), 9u);
  for (std::size_t layer = 0; layer < kGeometry.layers; ++layer) {
    EXPECT_TRUE(std::ranges::equal(part->positions(layer), b.positions(layer)));
    EXPECT_TRUE(std::ranges::equal(part->value_data(layer), b.value_data(layer)));
    for (std::size_t i = 0; i < b.key_data(layer).size(); ++i) {
      EXPECT_NEAR(half_to_float(part->key_data(layer)[i]), half_to_float(b.key_data(layer)[i]), 5e-3);
    }
  }
  EXPECT_EQ(*part_of(joined, 0, 5, kTheta), a);
}

TEST(Concatenate, LayersOfAPartMayHaveFewerRows) {
  auto ragged = *KvCache::create({2, 2, 8}, {{0, 3, 4}, {6}}, 8);
  testing::fill_gaussian(ragged, 3);
  const auto part = part_of(ragged, 3, 6, kTheta);
  ASSERT_TRUE(part);
  EXPECT_TRUE(std::ranges::equal(part->positions(0), std::vector<std::int32_t>{0, 1}));
  EXPECT_EQ(part->rows(1), 0u);
  EXPECT_FALSE(part_of(ragged, 1, 3, kTheta));
}

TEST(Concatenate, OtherGeometriesAreRefused) {
  const auto a = gaussian_cache(5, 1);
  const auto b = *KvCache::create_full({2, 1, 8}, 5);
  const KvCache* both[] = {&a, &b};
  EXPECT_EQ(concatenate(both, kTheta).error().message,
            "concatenate: cache 1 is of another geometry than the first");
  EXPECT_EQ(concatenate({}, kTheta).error().message, "concatenate: expected at least one cache");
}

}  // namespace
}  // namespace kvferry
