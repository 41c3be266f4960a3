// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <cmath>

#include "codec/planes/weighted_basis.h"
#include "codec/transform/covariance.h"
#include "tests/codec/progressive_cards.h"

namespace kvferry {
namespace {

constexpr std::size_t kColumns = 24;
constexpr std::size_t kRows = 400;
constexpr double kStep = 0.5;

std::vector<float> sample_rows() {
  Rng rng(6);
  const auto matrix = testing::mixing(kColumns, kColumns, 2);
  std::vector<float> rows(kRows * kColumns, 2.0F);
  for (std::size_t row = 0; row < kRows; ++row) {
    for (std::size_t k = 0; k < kColumns; ++k) {
      const float source = testing::gaussian(rng);
      for (std::size_t c = 0; c < kColumns; ++c)
        rows[row * kColumns + c] += source * matrix[k * kColumns + c];
    }
  }
  return rows;
}

std::vector<double> metric() { return testing::sample_metric({1, 1, kColumns}).matrices[0]; }

WeightedBasis make_basis(const std::vector<float>& rows) {
  Covariance covariance(kColumns);
  covariance.add(rows.data(), kRows);
  LinearBasis components = covariance.basis(kColumns, true);
  round_vectors_to_half(components);
  return make_weighted_basis(components, metric(), kStep);
}

// Coefficients in tolerances, [rows][rank], in double.
std::vector<double> analyse(const WeightedBasis& basis, const std::vector<float>& rows) {
  const auto dual = dual_vectors(basis);
  std::vector<double> out;
  for (std::size_t row = 0; row < kRows; ++row) {
    for (std::size_t k = 0; k < basis.rank(); ++k) {
      double sum = 0;
      for (std::size_t c = 0; c < kColumns; ++c) {
        sum += static_cast<double>((rows[row * kColumns + c] - basis.mean[c]) * dual[k * kColumns + c]);
      }
      out.push_back(sum);
    }
  }
  return out;
}

double form(const std::vector<double>& matrix, const float* a, const float* b) {
  double sum = 0;
  for (std::size_t r = 0; r < kColumns; ++r) {
    for (std::size_t c = 0; c < kColumns; ++c) {
      sum += static_cast<double>(a[r]) * matrix[r * kColumns + c] * static_cast<double>(b[c]);
    }
  }
  return sum;
}

TEST(WeightedBasis, a_tolerance_of_any_coefficient_costs_the_same_and_they_do_not_add_up) {
  const WeightedBasis basis = make_basis(sample_rows());
  for (std::size_t k = 0; k < basis.rank(); ++k) {
    for (std::size_t l = 0; l <= k; ++l) {
      const double cost = form(metric(), &basis.vectors[k * kColumns], &basis.vectors[l * kColumns]) *
                          static_cast<double>(basis.tolerance[k] * basis.tolerance[l]) / (kStep * kStep);
      // The metric has a floor, and vectors are rounded to FP16.
      EXPECT_NEAR(cost, k == l ? 0.94 : 0, 0.07) << k << ' ' << l;
    }
  }
}

TEST(WeightedBasis, coefficients_are_uncorrelated_and_spread_as_it_says) {
  const auto rows = sample_rows();
  const WeightedBasis basis = make_basis(rows);
  const auto coefficients = analyse(basis, rows);
  const std::size_t rank = basis.rank();
  for (std::size_t k = 0; k < rank; ++k) {
    double variance = 0;
    for (std::size_t row = 0; row < kRows; ++row)
      variance += std::pow(coefficients[row * rank + k], 2) / kRows;
    EXPECT_NEAR(2 * std::log2(std::sqrt(variance)), basis.spread[k], 0.6) << k;
    for (std::size_t l = 0; l < k; ++l) {
      double product = 0, other = 0;
      for (std::size_t row = 0; row < kRows; ++row) {
        product += coefficients[row * rank + k] * coefficients[row * rank + l] / kRows;
        other += std::pow(coefficients[row * rank + l], 2) / kRows;
      }
      // Vectors in FP16 leak a little of the strong into the weak.
      EXPECT_NEAR(product, 0, 0.02 * std::sqrt(variance * other) + 1e-3 * other) << k << ' ' << l;
    }
  }
  EXPECT_TRUE(std::is_sorted(basis.spread.rbegin(), basis.spread.rend()));
}

TEST(WeightedBasis, all_coefficients_together_are_the_numbers) {
  const auto rows = sample_rows();
  const WeightedBasis basis = make_basis(rows);
  const auto coefficients = analyse(basis, rows);
  for (std::size_t row = 0; row < kRows; ++row) {
    for (std::size_t c = 0; c < kColumns; ++c) {
      double sum = static_cast<double>(basis.mean[c]);
      for (std::size_t k = 0; k < basis.rank(); ++k) {
        sum += coefficients[row * basis.rank() + k] *
               static_cast<double>(basis.tolerance[k] * basis.vectors[k * kColumns + c]);
      }
      EXPECT_NEAR(sum, static_cast<double>(rows[row * kColumns + c]), 2e-3);
    }
  }
}

TEST(WeightedBasis, a_metric_of_nothing_still_makes_a_basis) {
  Covariance covariance(kColumns);
  const auto rows = sample_rows();
  covariance.add(rows.data(), kRows);
  const auto components = covariance.basis(8, true);
  const auto basis = make_weighted_basis(components, std::vector<double>(kColumns * kColumns), kStep);
  ASSERT_EQ(basis.rank(), 8U);
  for (const float tolerance : basis.tolerance) EXPECT_TRUE(std::isfinite(tolerance) && tolerance > 0);
}

}  // namespace
}  // namespace kvferry
