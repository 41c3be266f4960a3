// SPDX-License-Identifier: MIT
#include "codec/allocate/allocate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "protocol/base/rng.h"

namespace kvferry {
namespace {

using Bits = std::vector<std::uint8_t>;
using Bins = std::vector<std::uint16_t>;

double cost(std::span<const float> weights, const Bits& bits) {
  double sum = 0;
  for (std::size_t row = 0; row < bits.size(); ++row) {
    sum += static_cast<double>(weights[row]) / std::pow(4.0, bits[row]);
  }
  return sum;
}

double total(const Bits& bits) { return std::accumulate(bits.begin(), bits.end(), 0.0); }

// The least cost over every choice of bits within the budget.
double least_cost(std::span<const float> weights, double mean_bits) {
  constexpr std::uint8_t kChoices[] = {2, 4, 8, 16};
  double least = std::numeric_limits<double>::infinity();
  Bits bits(weights.size());
  const std::size_t combinations = std::size_t{1} << (2 * weights.size());
  for (std::size_t code = 0; code < combinations; ++code) {
    for (std::size_t row = 0; row < bits.size(); ++row) bits[row] = kChoices[(code >> (2 * row)) & 3];
    if (total(bits) <= mean_bits * static_cast<double>(bits.size())) {
      least = std::min(least, cost(weights, bits));
    }
  }
  return least;
}

TEST(Allocate, token_bits_are_the_optimum_of_all_choices) {
  for (std::uint64_t seed = 0; seed < 600; ++seed) {
    Rng rng(seed);
    std::vector<float> weights(1 + rng.below(6));
    const double spread = 30 * rng.uniform();
    for (float& weight : weights) {
      weight = rng.chance(0.1) ? 0.0F : static_cast<float>(std::exp(spread * (rng.uniform() - 0.5)));
    }
    const double mean_bits = 2 + 14 * rng.uniform();
    const auto bits = token_bits(weights, mean_bits);
    ASSERT_TRUE(bits.ok());
    ASSERT_LE(total(*bits), mean_bits * static_cast<double>(weights.size()));
    ASSERT_LE(cost(weights, *bits), least_cost(weights, mean_bits) * (1 + 1e-12)) << "seed " << seed;
  }
}

TEST(Allocate, heavier_rows_never_get_fewer_bits) {
  std::vector<float> weights = *token_weights(TokenWeight::kRandom, 1000, {}, 3);
  std::sort(weights.begin(), weights.end(), std::greater<>());
  const Bits bits = *token_bits(weights, 4);
  EXPECT_TRUE(std::is_sorted(bits.begin(), bits.end(), std::greater<>()));
  EXPECT_LE(total(bits), 4000);
  EXPECT_GT(total(bits), 4000 - 2);
  for (const int choice : {2, 4, 8}) EXPECT_NE(std::count(bits.begin(), bits.end(), choice), 0);
}

TEST(Allocate, equal_rows_get_equal_bits_where_the_budget_is_one_of_the_choices) {
  for (const std::size_t n : {1U, 2U, 5U, 63U, 64U}) {
    const std::vector<float> weights(n, 0.3F);
    for (const unsigned bits : {2U, 4U, 8U, 16U}) {
      EXPECT_EQ(*token_bits(weights, bits), Bits(n, static_cast<std::uint8_t>(bits)));
    }
  }
  EXPECT_EQ(*token_bits(std::vector<float>(4, 1.0F), 6), (Bits{8, 8, 4, 4}));  // the earlier get more
  EXPECT_EQ(*token_bits(std::vector<float>{0, 1, 0}, 16), (Bits{2, 16, 2}));
  EXPECT_TRUE(token_bits({}, 4)->empty());
}

TEST(Allocate, weights_follow_attention_position_or_chance) {
  const std::vector<float> scores = {0.5F, -1, 2};
  EXPECT_EQ(*token_weights(TokenWeight::kAttention, 3, scores, 0), (std::vector<float>{0.5F, 0, 2}));
  EXPECT_EQ(*token_weights(TokenWeight::kUniform, 2, {}, 0), (std::vector<float>{1, 1}));
  EXPECT_EQ(*token_weights(TokenWeight::kPosition, 8, {}, 0),
            (std::vector<float>{1, 1, 1, 1, 0.25F, 1.0F / 3, 0.5F, 1}));
  const auto random = *token_weights(TokenWeight::kRandom, 10000, {}, 1);
  EXPECT_EQ(random, *token_weights(TokenWeight::kRandom, 10000, {}, 1));
  EXPECT_NE(random, *token_weights(TokenWeight::kRandom, 10000, {}, 2));
  EXPECT_GE(*std::min_element(random.begin(), random.end()), 1.0F);
  // 1 / u is above 2 half the time, above 10 a tenth of it.
  const auto above = [&random](float bound) {
    return static_cast<double>(
        std::count_if(random.begin(), random.end(), [bound](float weight) { return weight > bound; }));
  };
  EXPECT_NEAR(above(2), 5000, 250);
  EXPECT_NEAR(above(10), 1000, 150);
}

TEST(Allocate, bad_numbers_are_named) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(token_bits(std::vector<float>{1, nan}, 4).error().message,
            "allocate: weight of row 1 is not a number from 0");
  EXPECT_EQ(token_bits(std::vector<float>{-1}, 4).error().message,
            "allocate: weight of row 0 is not a number from 0");
  for (const double mean : {1.9, 16.1, static_cast<double>(nan)}) {
    EXPECT_EQ(token_bits(std::vector<float>{1}, mean).error().message,
              "allocate: mean bits are not in 2 to 16");
  }
  EXPECT_EQ(token_weights(TokenWeight::kAttention, 2, std::vector<float>{1}, 0).error().message,
            "allocate: 1 scores, expected 2 (one for each row)");
  EXPECT_EQ(token_weights(TokenWeight::kAttention, 1, std::vector<float>{nan}, 0).error().message,
            "allocate: score of row 0 is not a finite number");
  EXPECT_EQ(sensitivity_bits(std::vector<float>{1, nan}).error().message,
            "allocate: sensitivity of layer 1 is not a finite number");
}

TEST(Allocate, sensitive_layers_get_8_bits_and_the_least_sensitive_4) {
  const std::vector<float> ten = {0.1F, 0.9F, 0.2F, 0.8F, 0.3F, 0.7F, 0.4F, 0.6F, 0.5F, 0.0F};
  EXPECT_EQ(*sensitivity_bits(ten), (Bits{4, 8, 4, 8, 6, 8, 6, 6, 6, 4}));
  EXPECT_EQ(*sensitivity_bits(std::vector<float>{1, 1, 1, 1}), (Bits{8, 6, 6, 4}));
  EXPECT_EQ(*sensitivity_bits(std::vector<float>{5, 4, 3, 2, 1}), (Bits{8, 8, 6, 4, 4}));  // halves up
  EXPECT_EQ(*sensitivity_bits(std::vector<float>{1}), (Bits{6}));
  EXPECT_EQ(*sensitivity_bits(std::vector<float>{1, 2}), (Bits{4, 8}));
  // The paper's 30/40/30 % is 6 bits a number; 24 and 32 layers are off it by at most the rounding.
  for (const std::size_t layers : {10U, 20U, 24U, 32U, 80U}) {
    std::vector<float> sensitivity(layers);
    std::iota(sensitivity.begin(), sensitivity.end(), 0.0F);
    const Bits bits = *sensitivity_bits(sensitivity);
    EXPECT_EQ(total(bits), 6.0 * static_cast<double>(layers));
    EXPECT_NEAR(static_cast<double>(std::count(bits.begin(), bits.end(), 8)),
                0.3 * static_cast<double>(layers), 0.5);
  }
}

TEST(Allocate, cachegen_bins_are_those_released_for_32_layers) {
  const auto runs = [](const Bins& bins) {
    std::vector<std::pair<int, int>> result;  // bins, layers
    for (const int bin : bins) {
      if (result.empty() || result.back().first != bin) result.emplace_back(bin, 0);
      ++result.back().second;
    }
    return result;
  };
  using Runs = std::vector<std::pair<int, int>>;
  EXPECT_EQ(runs(cachegen_bins(1, 32).key), (Runs{{16, 20}, {12, 12}}));
  EXPECT_EQ(runs(cachegen_bins(1, 32).value), (Runs{{16, 2}, {12, 30}}));
  EXPECT_EQ(runs(cachegen_bins(2, 32).key), (Runs{{32, 10}, {16, 22}}));
  EXPECT_EQ(runs(cachegen_bins(2, 32).value), (Runs{{32, 2}, {16, 30}}));
  EXPECT_EQ(runs(cachegen_bins(3, 32).key), (Runs{{32, 32}}));
  EXPECT_EQ(runs(cachegen_bins(3, 32).value), (Runs{{32, 32}}));
  EXPECT_EQ(cachegen_bins(1, 8).key, (Bins{16, 16, 16, 16, 16, 12, 12, 12}));
  EXPECT_EQ(cachegen_bins(2, 8).key, (Bins{32, 32, 32, 16, 16, 16, 16, 16}));
  EXPECT_EQ(cachegen_bins(2, 4).value, (Bins{32, 16, 16, 16}));
  EXPECT_EQ(cachegen_bins(2, 1).key, (Bins{32}));
}

TEST(Allocate, quantizers_change_their_alphabet_only) {
  const QuantSpec affine{QuantKind::kAffine, Along::kGroup, 16, 32};
  EXPECT_EQ(with_bits(affine, 8), (QuantSpec{QuantKind::kAffine, Along::kGroup, 256, 32}));
  EXPECT_EQ(with_bits(affine, 16), QuantSpec{});
  const QuantSpec symmetric{QuantKind::kSymmetric, Along::kToken, 15, 0};
  EXPECT_EQ(with_bits(symmetric, 6).symbols, 63);
  EXPECT_EQ(with_bits(symmetric, 1).symbols, 2);
  EXPECT_EQ(with_bins(symmetric, 12), (QuantSpec{QuantKind::kSymmetric, Along::kToken, 11, 0}));
  EXPECT_EQ(with_bits(symmetric, 5), with_bins(symmetric, 32));
}

}  // namespace
}  // namespace kvferry
