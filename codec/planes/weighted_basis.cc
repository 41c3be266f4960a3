// SPDX-License-Identifier: MIT
#include "codec/planes/weighted_basis.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "codec/half.h"
#include "codec/transform/eigen.h"

namespace kvferry {
namespace {

// Of the metric's mean: what a direction costs at least that calibration has not seen to matter.
constexpr double kLeastShare = 1e-3;

// Square matrices of doubles, row by row.
using Matrix = std::vector<double>;

// a [m][k] times b [k][n].
Matrix product(const Matrix& a, const Matrix& b, std::size_t m, std::size_t k, std::size_t n) {
  Matrix out(m * n);
  for (std::size_t i = 0; i < m; ++i) {
    for (std::size_t j = 0; j < k; ++j) {
      const double factor = a[i * k + j];
      for (std::size_t c = 0; c < n; ++c) out[i * n + c] += factor * b[j * n + c];
    }
  }
  return out;
}

Matrix transposed(const Matrix& a, std::size_t rows, std::size_t columns) {
  Matrix out(a.size());
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) out[c * rows + r] = a[r * columns + c];
  }
  return out;
}

// The eigenvectors' rows v with values f: sum over them of f v vᵀ.
template <typename Function>
Matrix function_of(const SymmetricEigen& eigen, std::size_t n, const Function& f) {
  Matrix scaled = eigen.vectors;
  for (std::size_t i = 0; i < n; ++i) {
    const double value = f(eigen.values[i]);
    for (std::size_t c = 0; c < n; ++c) scaled[i * n + c] *= value;
  }
  return product(transposed(eigen.vectors, n, n), scaled, n, n, n);
}

// The metric among the components, with a floor.
Matrix metric_of_components(const Matrix& vectors, std::span<const double> metric, std::size_t rank,
                            std::size_t columns) {
  const Matrix full(metric.begin(), metric.end());
  Matrix inner = product(product(vectors, full, rank, columns, columns), transposed(vectors, rank, columns),
                         rank, columns, rank);
  double trace = 0;
  for (std::size_t i = 0; i < rank; ++i) trace += inner[i * rank + i];
  const double floor = std::max(trace / static_cast<double>(rank) * kLeastShare, 1e-12);
  for (std::size_t i = 0; i < rank; ++i) {
    inner[i * rank + i] += floor;
    for (std::size_t j = 0; j < i; ++j) {
      inner[i * rank + j] = inner[j * rank + i] = (inner[i * rank + j] + inner[j * rank + i]) / 2;
    }
  }
  return inner;
}

std::int8_t half_octaves(double ratio) {
  constexpr double kMost = WeightedBasis::kMaxSpread;
  if (!(ratio > 0)) return static_cast<std::int8_t>(-kMost);
  return static_cast<std::int8_t>(std::clamp(std::round(2 * std::log2(ratio)), -kMost, kMost));
}

// lower [n][n] so that lower · lowerᵀ is the matrix, which is positive definite.
Matrix cholesky(Matrix a, std::size_t n) {
  for (std::size_t j = 0; j < n; ++j) {
    for (std::size_t i = j; i < n; ++i) {
      double sum = a[i * n + j];
      for (std::size_t k = 0; k < j; ++k) sum -= a[i * n + k] * a[j * n + k];
      a[i * n + j] = i == j ? std::sqrt(sum) : sum / a[j * n + j];
    }
  }
  return a;
}

// Solves lower · lowerᵀ x = b in place, b [n][columns].
void solve(const Matrix& lower, std::size_t n, std::size_t columns, Matrix& b) {
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      for (std::size_t c = 0; c < columns; ++c) b[i * columns + c] -= lower[i * n + k] * b[k * columns + c];
    }
    for (std::size_t c = 0; c < columns; ++c) b[i * columns + c] /= lower[i * n + i];
  }
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t k = i + 1; k < n; ++k) {
      for (std::size_t c = 0; c < columns; ++c) b[i * columns + c] -= lower[k * n + i] * b[k * columns + c];
    }
    for (std::size_t c = 0; c < columns; ++c) b[i * columns + c] /= lower[i * n + i];
  }
}

}  // namespace

WeightedBasis make_weighted_basis(const LinearBasis& components, std::span<const double> metric,
                                  double first_step) {
  const std::size_t rank = components.rank();
  const std::size_t columns = components.columns;
  assert(metric.size() == columns * columns);
  const Matrix vectors(components.vectors.begin(), components.vectors.end());
  const auto inner =
      eigen_symmetric(metric_of_components(vectors, metric, rank, columns), rank, EigenVectors::kCompute);
  const Matrix root = function_of(inner, rank, [](double value) { return std::sqrt(value); });
  const Matrix inverse = function_of(inner, rank, [](double value) { return 1 / std::sqrt(value); });

  Matrix scaled = root;  // root · diag(variance)
  for (std::size_t r = 0; r < rank; ++r) {
    for (std::size_t c = 0; c < rank; ++c) {
      scaled[r * rank + c] *= static_cast<double>(components.variance[c]);
    }
  }
  Matrix spread = product(scaled, root, rank, rank, rank);
  for (std::size_t r = 0; r < rank; ++r) {
    for (std::size_t c = 0; c < r; ++c) spread[r * rank + c] = spread[c * rank + r];
  }
  const auto outer = eigen_symmetric(std::move(spread), rank, EigenVectors::kCompute);
  const Matrix synthesis =
      product(product(outer.vectors, inverse, rank, rank, rank), vectors, rank, rank, columns);

  WeightedBasis basis;
  basis.columns = columns;
  basis.mean = components.mean;
  for (std::size_t k = 0; k < rank; ++k) {
    const double* vector = synthesis.data() + k * columns;
    double square = 0;
    for (std::size_t c = 0; c < columns; ++c) square += vector[c] * vector[c];
    const double length = std::sqrt(square);
    for (std::size_t c = 0; c < columns; ++c) {
      const auto entry = static_cast<float>(vector[c] / length);
      basis.vectors.push_back(half_to_float(float_to_half(entry)));
    }
    basis.tolerance.push_back(static_cast<float>(first_step * length));
    basis.spread.push_back(half_octaves(std::sqrt(std::max(outer.values[k], 0.0)) / first_step));
  }
  return basis;
}

std::vector<float> dual_vectors(const WeightedBasis& basis) {
  const std::size_t rank = basis.rank();
  const std::size_t columns = basis.columns;
  Matrix dual(basis.vectors.begin(), basis.vectors.end());
  const Matrix gram = product(dual, transposed(dual, rank, columns), rank, columns, rank);
  solve(cholesky(gram, rank), rank, columns, dual);
  std::vector<float> out;
  out.reserve(dual.size());
  for (std::size_t k = 0; k < rank; ++k) {
    for (std::size_t c = 0; c < columns; ++c) {
      out.push_back(static_cast<float>(dual[k * columns + c] / static_cast<double>(basis.tolerance[k])));
    }
  }
  return out;
}

}  // namespace kvferry
