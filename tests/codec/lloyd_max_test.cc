// SPDX-License-Identifier: MIT
#include "codec/quant/lloyd_max.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace kvferry {
namespace {

double density(double x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi); }
double tail(double x) { return std::erfc(x / std::numbers::sqrt2) / 2; }

struct Cell {
  double probability;
  double mean;
};

// Of the upper half, where differences of tails do not cancel.
Cell cell_between(double low, double high) {
  const double probability = tail(low) - (std::isinf(high) ? 0 : tail(high));
  return {probability, (density(low) - (std::isinf(high) ? 0 : density(high))) / probability};
}

Cell cell_of(const LloydMax& table, std::size_t i) {
  const bool last = i + 1 == table.size();
  return cell_between(table.thresholds[i - 1], last ? INFINITY : static_cast<double>(table.thresholds[i]));
}

TEST(LloydMax, every_level_is_the_mean_of_its_cell_and_every_threshold_the_middle_of_two) {
  for (unsigned bits = 1; bits <= kMaxLloydMaxBits; ++bits) {
    const LloydMax& table = lloyd_max(bits);
    ASSERT_EQ(table.size(), std::size_t{1} << bits);
    for (std::size_t i = table.size() / 2; i < table.size(); ++i) {
      const double mean = cell_of(table, i).mean;
      EXPECT_NEAR(static_cast<double>(table.levels[i]) / mean, 1.0, 2e-6) << bits << " " << i;
      EXPECT_EQ(table.levels[table.size() - 1 - i], -table.levels[i]);
    }
    for (std::size_t i = 0; i + 1 < table.size(); ++i) {
      ASSERT_LT(table.levels[i], table.levels[i + 1]);
      const double middle =
          (static_cast<double>(table.levels[i]) + static_cast<double>(table.levels[i + 1])) / 2;
      EXPECT_NEAR(static_cast<double>(table.thresholds[i]), middle, 3e-7);
    }
  }
}

TEST(LloydMax, the_mean_squared_error_is_the_known_one) {
  const double known[] = {.3634, .1175, .03455, .00950, .00251, .00064};
  for (unsigned bits = 1; bits <= kMaxLloydMaxBits; ++bits) {
    const LloydMax& table = lloyd_max(bits);
    double error = 1;  // E x² - 2 E x level + E level²
    for (std::size_t i = table.size() / 2; i < table.size(); ++i) {
      const Cell cell = cell_of(table, i);
      const double level = table.levels[i];
      error += 2 * cell.probability * (level * level - 2 * level * cell.mean);
    }
    if (bits <= std::size(known)) {
      EXPECT_NEAR(error, known[bits - 1], bits <= 2 ? 5e-5 : 6e-6) << bits;
    }
    // Panter and Dite's limit, which the error approaches from below.
    const double limit = std::sqrt(3.0) * std::numbers::pi / 2 * std::pow(4.0, -static_cast<double>(bits));
    EXPECT_LT(error, limit);
    EXPECT_GT(error, limit * (bits == 8 ? 0.98 : 0.5));
  }
}

TEST(LloydMax, a_symbol_counts_the_thresholds_that_are_not_above) {
  for (unsigned bits = 1; bits <= kMaxLloydMaxBits; ++bits) {
    const LloydMax& table = lloyd_max(bits);
    const auto symbol = [&](float x) { return lloyd_max_symbol(table.thresholds.data(), bits, x); };
    EXPECT_EQ(symbol(-1e30F), 0);
    EXPECT_EQ(symbol(1e30F), table.size() - 1);
    EXPECT_EQ(symbol(-0.0F), table.size() / 2);
    for (std::size_t i = 0; i + 1 < table.size(); ++i) {
      EXPECT_EQ(symbol(table.thresholds[i]), i + 1);
      EXPECT_EQ(symbol(std::nextafter(table.thresholds[i], -10.0F)), i);
      EXPECT_EQ(symbol(table.levels[i]), i);
    }
  }
}

}  // namespace
}  // namespace kvferry
