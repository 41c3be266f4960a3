// SPDX-License-Identifier: MIT
#include "codec/transform/allocate_bits.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "tests/codec/caches.h"

namespace kvferry {
namespace {

double cost(const std::vector<float>& variance, const std::vector<std::uint8_t>& bits) {
  double sum = 0;
  for (std::size_t i = 0; i < bits.size(); ++i) {
    sum += static_cast<double>(variance[i]) * std::pow(4.0, -static_cast<double>(bits[i]));
  }
  return sum;
}

std::size_t total(const std::vector<std::uint8_t>& bits) {
  return std::accumulate(bits.begin(), bits.end(), std::size_t{0});
}

// The least cost of components from `first` on, over every possibility.
double least_cost(const std::vector<float>& variance, std::size_t first, std::size_t budget) {
  if (first == variance.size()) return 0;
  double best = INFINITY;
  for (std::size_t bits = 0; bits <= std::min<std::size_t>(budget, 8); ++bits) {
    const double own = static_cast<double>(variance[first]) * std::pow(4.0, -static_cast<double>(bits));
    best = std::min(best, own + least_cost(variance, first + 1, budget - bits));
  }
  return best;
}

// KVTC's dynamic programming: least[b] is the least cost of the components so far within b bits.
std::vector<std::uint8_t> by_dynamic_programming(const std::vector<float>& variance, std::size_t budget) {
  std::vector<double> least(budget + 1, 0.0);
  std::vector<std::vector<std::uint8_t>> choices;
  for (const float one : variance) {
    auto& choice = choices.emplace_back(budget + 1, std::uint8_t{0});
    for (std::size_t within = budget + 1; within-- > 0;) {
      double best = INFINITY;
      for (std::size_t bits = 0; bits <= std::min<std::size_t>(within, 8); ++bits) {
        const double error =
            least[within - bits] + static_cast<double>(one) * std::pow(4.0, -static_cast<double>(bits));
        if (error < best) {
          best = error;
          choice[within] = static_cast<std::uint8_t>(bits);
        }
      }
      least[within] = best;
    }
  }
  std::vector<std::uint8_t> bits(variance.size());
  for (std::size_t i = variance.size(); i-- > 0;) {
    bits[i] = choices[i][budget];
    budget -= bits[i];
  }
  return bits;
}

std::vector<float> decaying(std::size_t n, double rate, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<float> variance(n);
  for (std::size_t i = 0; i < n; ++i) {
    variance[i] = static_cast<float>(std::exp(-rate * static_cast<double>(i)) * (0.5 + rng.uniform()));
  }
  std::sort(variance.rbegin(), variance.rend());
  return variance;
}

TEST(AllocateBits, is_as_good_as_trying_everything) {
  for (std::uint64_t seed = 0; seed < 12; ++seed) {
    const auto variance = decaying(4, 0.3 * static_cast<double>(seed % 4), seed);
    for (const std::size_t budget : {0U, 1U, 5U, 9U, 20U, 31U, 32U}) {
      const auto bits = allocate_bits(variance, budget);
      EXPECT_LE(total(bits), budget);
      EXPECT_NEAR(cost(variance, bits) / least_cost(variance, 0, budget), 1.0, 1e-12)
          << "seed " << seed << ", budget " << budget;
    }
  }
}

TEST(AllocateBits, costs_what_spending_each_bit_where_it_gains_most_does) {
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    const auto variance = decaying(96, 0.02 * static_cast<double>(1 + seed), seed);
    for (const std::size_t budget : {40U, 96U, 200U, 384U, 700U}) {
      const auto bits = allocate_bits(variance, budget);
      EXPECT_EQ(total(bits), budget);
      EXPECT_NEAR(cost(variance, bits) / cost(variance, by_dynamic_programming(variance, budget)), 1.0, 1e-12)
          << "seed " << seed << ", budget " << budget;
    }
  }
}

TEST(AllocateBits, more_variance_never_gets_fewer_bits) {
  const auto variance = decaying(256, 0.15, 1);  // down to 1e-17 of the first
  const auto bits = allocate_bits(variance, 512);
  EXPECT_TRUE(std::is_sorted(bits.rbegin(), bits.rend()));
  EXPECT_EQ(bits.back(), 0);
  const auto equal = allocate_bits(std::vector<float>(10, 0.7F), 25);
  EXPECT_EQ(equal, (std::vector<std::uint8_t>{3, 3, 3, 3, 3, 2, 2, 2, 2, 2}));
}

// Beside 1, sums in double cannot tell these two apart.
TEST(AllocateBits, more_variance_gets_more_bits_even_where_rounding_hides_it) {
  const auto bits = allocate_bits(std::vector<float>{1.0F, 0x1.29ecep-36F, 0x1.29ecdap-36F}, 21);
  EXPECT_EQ(bits, (std::vector<std::uint8_t>{8, 7, 6}));
}

TEST(AllocateBits, unsorted_components_keep_their_places) {
  const auto bits = allocate_bits(std::vector<float>{1.0F, 64.0F, 16.0F}, 6);
  EXPECT_EQ(bits, (std::vector<std::uint8_t>{1, 3, 2}));
}

TEST(AllocateBits, a_bit_that_gains_nothing_is_not_spent) {
  EXPECT_EQ(allocate_bits(std::vector<float>{1.0F, 0.0F}, 100), (std::vector<std::uint8_t>{8, 0}));
  EXPECT_EQ(allocate_bits(std::vector<float>{}, 100), std::vector<std::uint8_t>{});
}

}  // namespace
}  // namespace kvferry
