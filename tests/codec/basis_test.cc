// SPDX-License-Identifier: MIT
#include "codec/transform/basis.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "codec/transform/covariance.h"
#include "codec/transform/product.h"
#include "hwy/highway.h"
#include "tests/codec/caches.h"

namespace kvferry {
namespace {

// Rows whose variance decays over hidden directions, around a mean that is not zero.
std::vector<float> correlated(std::size_t rows, std::size_t columns, double rate, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<float> mixing(columns * columns);
  for (float& entry : mixing) entry = testing::gaussian(rng);
  std::vector<float> values(rows * columns);
  for (std::size_t row = 0; row < rows; ++row) {
    float* out = &values[row * columns];
    for (std::size_t i = 0; i < columns; ++i) out[i] = static_cast<float>(i % 5) - 1.0F;
    for (std::size_t k = 0; k < columns; ++k) {
      const float size =
          static_cast<float>(std::exp(-rate * static_cast<double>(k))) * testing::gaussian(rng);
      for (std::size_t i = 0; i < columns; ++i) out[i] += size * mixing[k * columns + i];
    }
  }
  return values;
}

LinearBasis basis_of(const std::vector<float>& values, std::size_t columns, std::size_t rank, bool centred) {
  Covariance covariance(columns);
  covariance.add(values.data(), values.size() / columns);
  return covariance.basis(rank, centred);
}

double mean_square(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += std::pow(static_cast<double>(a[i]) - static_cast<double>(b[i]), 2);
  }
  return sum / static_cast<double>(a.size());
}

std::vector<float> approximated(const LinearBasis& basis, std::size_t rank,
                                const std::vector<float>& values) {
  const std::size_t rows = values.size() / basis.columns;
  std::vector<float> coefficients(rows * rank);
  std::vector<float> back(values.size());
  project(basis, rank, values.data(), rows, coefficients.data());
  reconstruct(basis, rank, coefficients.data(), rows, back.data());
  return back;
}

TEST(Basis, projects_and_reconstructs_by_its_formula) {
  constexpr std::size_t kRows = 7, kColumns = 37, kRank = 21;
  const auto values = correlated(kRows, kColumns, 0.05, 1);
  const auto basis = basis_of(values, kColumns, 30, true);
  std::vector<float> coefficients(kRows * kRank), back(values.size());
  project(basis, kRank, values.data(), kRows, coefficients.data());
  reconstruct(basis, kRank, coefficients.data(), kRows, back.data());
  for (std::size_t row = 0; row < kRows; ++row) {
    for (std::size_t k = 0; k < kRank; ++k) {
      double sum = 0;
      for (std::size_t i = 0; i < kColumns; ++i) {
        sum += static_cast<double>(values[row * kColumns + i] - basis.mean[i]) *
               static_cast<double>(basis.vectors[k * kColumns + i]);
      }
      EXPECT_NEAR(coefficients[row * kRank + k], sum, 2e-5);
    }
    for (std::size_t i = 0; i < kColumns; ++i) {
      float sum = basis.mean[i];  // the format's order, exactly
      for (std::size_t k = 0; k < kRank; ++k) {
        sum = sum + coefficients[row * kRank + k] * basis.vectors[k * kColumns + i];
      }
      EXPECT_EQ(back[row * kColumns + i], sum);
    }
  }
}

TEST(Basis, all_components_give_the_values_back) {
  const auto values = correlated(200, 48, 0.1, 2);
  for (const bool centred : {true, false}) {
    const auto basis = basis_of(values, 48, 48, centred);
    EXPECT_LT(mean_square(values, approximated(basis, 48, values)), 1e-10);
  }
}

TEST(Basis, what_dropped_components_cost_is_the_variance_they_had) {
  constexpr std::size_t kColumns = 32;
  const auto values = correlated(500, kColumns, 0.1, 3);
  for (const bool centred : {true, false}) {
    const auto basis = basis_of(values, kColumns, kColumns, centred);
    for (const std::size_t rank : {4U, 12U, 25U}) {
      const auto dropped = basis.variance.begin() + static_cast<std::ptrdiff_t>(rank);
      const double expected = std::accumulate(dropped, basis.variance.end(), 0.0) / kColumns;
      EXPECT_NEAR(mean_square(values, approximated(basis, rank, values)) / expected, 1.0, 1e-3) << rank;
    }
  }
}

TEST(Basis, no_other_subspace_of_the_rank_loses_less) {
  constexpr std::size_t kColumns = 24, kRank = 6;
  const auto values = correlated(300, kColumns, 0.2, 4);
  const auto best = basis_of(values, kColumns, kRank, true);
  auto other = basis_of(correlated(300, kColumns, 0.2, 5), kColumns, kRank, true);
  other.mean = best.mean;
  EXPECT_LT(mean_square(values, approximated(best, kRank, values)),
            mean_square(values, approximated(other, kRank, values)));
}

TEST(Covariance, finds_the_variance_and_direction_that_were_put_in) {
  Rng rng(6);
  const std::vector<float> directions = {0.6F, 0.8F, 0, 0.8F, -0.6F, 0, 0, 0, 1};
  const double deviations[] = {3.0, 1.0, 0.2};
  std::vector<float> values;
  for (int row = 0; row < 60000; ++row) {
    float out[3] = {10, -5, 2};
    for (std::size_t k = 0; k < 3; ++k) {
      const float size = static_cast<float>(deviations[k]) * testing::gaussian(rng);
      for (std::size_t i = 0; i < 3; ++i) out[i] += size * directions[k * 3 + i];
    }
    values.insert(values.end(), out, out + 3);
  }
  const auto basis = basis_of(values, 3, 3, true);
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_NEAR(basis.variance[k] / (deviations[k] * deviations[k]), 1.0, 0.03);
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_NEAR(basis.vectors[k * 3 + i], directions[k * 3 + i], 0.01);
    }
  }
  EXPECT_NEAR(basis.mean[0], 10, 0.05);
}

TEST(Covariance, moments_and_spectrum_are_those_of_the_rows) {
  constexpr std::size_t kColumns = 5, kRows = 103;  // rows not a multiple of any block
  const auto values = correlated(kRows, kColumns, 0.3, 7);
  Covariance covariance(kColumns);
  covariance.add(values.data(), 50);
  covariance.add(values.data() + 50 * kColumns, kRows - 50);
  ASSERT_EQ(covariance.rows(), kRows);
  double squares = 0;
  double variances = 0;
  for (std::size_t i = 0; i < kColumns; ++i) {
    double sum = 0;
    for (std::size_t row = 0; row < kRows; ++row) sum += static_cast<double>(values[row * kColumns + i]);
    const double mean = sum / kRows;
    double variance = 0;
    for (std::size_t row = 0; row < kRows; ++row) {
      variance += std::pow(static_cast<double>(values[row * kColumns + i]) - mean, 2) / kRows;
    }
    EXPECT_NEAR(covariance.mean(i), mean, 1e-12);
    EXPECT_NEAR(covariance.variance(i), variance, 1e-11);
    variances += variance;
    squares += variance + mean * mean;
  }
  const auto centred = covariance.spectrum(true);
  const auto raw = covariance.spectrum(false);
  EXPECT_NEAR(std::accumulate(centred.begin(), centred.end(), 0.0), variances, 1e-11);
  EXPECT_NEAR(std::accumulate(raw.begin(), raw.end(), 0.0), squares, 1e-11);
}

TEST(Covariance, signs_are_settled_and_ranks_beyond_the_columns_are_cut) {
  const auto values = correlated(100, 9, 0.1, 8);
  const auto basis = basis_of(values, 9, 1000, true);
  ASSERT_EQ(basis.rank(), 9U);
  for (std::size_t k = 0; k < 9; ++k) {
    const auto begin = basis.vectors.begin() + static_cast<std::ptrdiff_t>(k * 9);
    const auto largest =
        std::max_element(begin, begin + 9, [](float a, float b) { return std::abs(a) < std::abs(b); });
    EXPECT_GT(*largest, 0);
  }
  auto mirrored = values;
  for (float& value : mirrored) value = -value;
  EXPECT_EQ(basis_of(mirrored, 9, 9, true).vectors, basis.vectors);
}

TEST(Covariance, no_rows_or_equal_rows_have_no_variance) {
  EXPECT_EQ(Covariance(3).basis(3, true).variance, (std::vector<float>{0, 0, 0}));
  const std::vector<float> equal = {4, -2, 4, -2, 4, -2};
  const auto basis = basis_of(equal, 2, 2, true);
  EXPECT_EQ(basis.mean, (std::vector<float>{4, -2}));
  EXPECT_EQ(basis.variance, (std::vector<float>{0, 0}));
  EXPECT_EQ(approximated(basis, 2, equal), equal);
}

TEST(Product, every_processor_gives_the_same_bits) {
  constexpr std::size_t kRows = 9, kInner = 70, kColumns = 45;
  const auto a = correlated(kRows, kInner, 0.01, 9);
  const auto b = correlated(kInner, kColumns, 0.01, 10);
  const auto start = correlated(1, kColumns, 0.01, 11);
  std::vector<float> expected(kRows * kColumns);
  for (std::size_t at = 0; at < expected.size(); ++at) {
    float sum = start[at % kColumns];
    for (std::size_t k = 0; k < kInner; ++k) {
      sum = sum + a[at / kColumns * kInner + k] * b[k * kColumns + at % kColumns];
    }
    expected[at] = sum;
  }
  for (const auto target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    std::vector<float> out(expected.size());
    add_product({a.data(), kRows, kInner, kInner}, {b.data(), kInner, kColumns, kColumns}, start.data(),
                out.data());
    EXPECT_EQ(out, expected) << hwy::TargetName(target);
  }
  hwy::SetSupportedTargetsForTest(0);
}

}  // namespace
}  // namespace kvferry
