// SPDX-License-Identifier: MIT
#include "codec/transform/eigen.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "tests/codec/caches.h"

namespace kvferry {
namespace {

// Products of random vectors: symmetric, of the given rank, eigenvalues from 0.
std::vector<double> random_matrix(std::size_t n, std::size_t rank, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<double> factors(rank * n);
  for (double& factor : factors) factor = static_cast<double>(testing::gaussian(rng));
  std::vector<double> matrix(n * n);
  for (std::size_t k = 0; k < rank; ++k) {
    const double weight = std::pow(0.9, static_cast<double>(k));
    for (std::size_t i = 0; i < n * n; ++i)
      matrix[i] += weight * factors[k * n + i / n] * factors[k * n + i % n];
  }
  return matrix;
}

// max |A v - value v| over all pairs, and max |v_i · v_j - (i == j)|.
struct Residual {
  double equation = 0, orthogonality = 0;
};

Residual residual_of(const std::vector<double>& matrix, std::size_t n, const SymmetricEigen& eigen) {
  Residual worst;
  for (std::size_t k = 0; k < n; ++k) {
    const double* v = &eigen.vectors[k * n];
    for (std::size_t i = 0; i < n; ++i) {
      double image = 0;
      double product = 0;
      for (std::size_t j = 0; j < n; ++j) {
        image += matrix[i * n + j] * v[j];
        product += eigen.vectors[i * n + j] * v[j];
      }
      worst.equation = std::max(worst.equation, std::abs(image - eigen.values[k] * v[i]));
      worst.orthogonality = std::max(worst.orthogonality, std::abs(product - (i == k ? 1.0 : 0.0)));
    }
  }
  return worst;
}

TEST(Eigen, a_vibrating_string_has_its_known_spectrum) {
  constexpr std::size_t kSize = 50;
  std::vector<double> matrix(kSize * kSize);
  for (std::size_t i = 0; i < kSize; ++i) {
    matrix[i * kSize + i] = 2;
    if (i + 1 < kSize) matrix[i * kSize + i + 1] = matrix[(i + 1) * kSize + i] = -1;
  }
  const auto values = eigen_symmetric(matrix, kSize, EigenVectors::kSkip).values;
  for (std::size_t k = 0; k < kSize; ++k) {
    const double mode = static_cast<double>(kSize - k);
    EXPECT_NEAR(values[k], 2 - 2 * std::cos(mode * std::numbers::pi / (kSize + 1)), 1e-13);
  }
}

TEST(Eigen, pairs_fulfil_the_equation_and_vectors_are_orthonormal) {
  for (const std::size_t n : {1U, 2U, 3U, 17U, 96U}) {
    const auto matrix = random_matrix(n, n + 3, n);
    const auto eigen = eigen_symmetric(matrix, n, EigenVectors::kCompute);
    const Residual residual = residual_of(matrix, n, eigen);
    EXPECT_LT(residual.equation, 1e-12 * eigen.values.front()) << n;
    EXPECT_LT(residual.orthogonality, 1e-12) << n;
    EXPECT_TRUE(std::is_sorted(eigen.values.rbegin(), eigen.values.rend())) << n;
    const auto alone = eigen_symmetric(matrix, n, EigenVectors::kSkip);
    EXPECT_EQ(alone.values, eigen.values) << n;
    EXPECT_TRUE(alone.vectors.empty());
  }
}

TEST(Eigen, matrices_without_full_rank_are_solved_too) {
  const auto matrix = random_matrix(40, 5, 9);
  const auto eigen = eigen_symmetric(matrix, 40, EigenVectors::kCompute);
  const Residual residual = residual_of(matrix, 40, eigen);
  EXPECT_LT(residual.equation, 1e-12 * eigen.values.front());
  EXPECT_LT(residual.orthogonality, 1e-12);
  EXPECT_GT(eigen.values[4], 1.0);
  EXPECT_NEAR(eigen.values[5], 0, 1e-12 * eigen.values.front());
}

TEST(Eigen, zeros_diagonals_and_equal_eigenvalues_are_exact) {
  EXPECT_EQ(eigen_symmetric(std::vector<double>(9), 3, EigenVectors::kCompute).values,
            (std::vector<double>{0, 0, 0}));
  const std::vector<double> diagonal = {1, 0, 0, 0, -2, 0, 0, 0, 7};
  const auto eigen = eigen_symmetric(diagonal, 3, EigenVectors::kCompute);
  EXPECT_EQ(eigen.values, (std::vector<double>{7, 1, -2}));
  EXPECT_EQ(eigen.vectors, (std::vector<double>{0, 0, 1, 1, 0, 0, 0, 1, 0}));
  const std::vector<double> ones(16, 1.0);
  const auto equal = eigen_symmetric(ones, 4, EigenVectors::kCompute);
  EXPECT_NEAR(equal.values[0], 4, 1e-14);
  EXPECT_LT(residual_of(ones, 4, equal).orthogonality, 1e-14);
}

TEST(Eigen, huge_and_tiny_numbers_are_neither_lost_nor_infinite) {
  for (const double factor : {1e-30, 1e30}) {
    auto matrix = random_matrix(12, 12, 2);
    const auto plain = eigen_symmetric(matrix, 12, EigenVectors::kSkip).values;
    for (double& entry : matrix) entry *= factor;
    const auto scaled = eigen_symmetric(matrix, 12, EigenVectors::kSkip).values;
    for (std::size_t i = 0; i < 12; ++i) EXPECT_NEAR(scaled[i] / factor, plain[i], 1e-12 * plain[0]);
  }
}

}  // namespace
}  // namespace kvferry
