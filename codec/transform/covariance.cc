// SPDX-License-Identifier: MIT
#include "codec/transform/covariance.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "codec/transform/eigen.h"

namespace kvferry {
namespace {

constexpr std::size_t kRowsAtOnce = 4;

void make_largest_entry_positive(double* vector, std::size_t n) {
  double largest = 0;
  for (std::size_t i = 0; i < n; ++i) {
    if (std::abs(vector[i]) > std::abs(largest)) largest = vector[i];
  }
  if (largest >= 0) return;
  for (std::size_t i = 0; i < n; ++i) vector[i] = -vector[i];
}

}  // namespace

Covariance::Covariance(std::size_t columns)
    : columns_(columns), sum_(columns), products_(columns * columns) {}

void Covariance::add(const float* values, std::size_t rows) {
  std::array<std::vector<double>, kRowsAtOnce> x;
  for (std::size_t row = 0; row < rows; row += kRowsAtOnce) {
    for (std::size_t k = 0; k < kRowsAtOnce; ++k) {
      x[k].assign(columns_, 0.0);  // rows beyond the last count as zeros
      if (row + k < rows) std::copy_n(values + (row + k) * columns_, columns_, x[k].begin());
    }
    const double *a = x[0].data(), *b = x[1].data(), *c = x[2].data(), *d = x[3].data();
    for (std::size_t i = 0; i < columns_; ++i) {
      sum_[i] += (a[i] + b[i]) + (c[i] + d[i]);
      double* products = &products_[i * columns_];
      for (std::size_t j = i; j < columns_; ++j) {
        products[j] += (a[i] * a[j] + b[i] * b[j]) + (c[i] * c[j] + d[i] * d[j]);
      }
    }
  }
  rows_ += rows;
}

double Covariance::mean(std::size_t column) const {
  return rows_ == 0 ? 0 : sum_[column] / static_cast<double>(rows_);
}

double Covariance::variance(std::size_t column) const {
  if (rows_ == 0) return 0;
  const double square = products_[column * columns_ + column] / static_cast<double>(rows_);
  return std::max(0.0, square - mean(column) * mean(column));
}

std::vector<double> Covariance::matrix(bool centred) const {
  std::vector<double> full(columns_ * columns_);
  if (rows_ == 0) return full;
  for (std::size_t i = 0; i < columns_; ++i) {
    for (std::size_t j = i; j < columns_; ++j) {
      double entry = products_[i * columns_ + j] / static_cast<double>(rows_);
      if (centred) entry -= mean(i) * mean(j);
      full[i * columns_ + j] = entry;
      full[j * columns_ + i] = entry;
    }
  }
  return full;
}

LinearBasis Covariance::basis(std::size_t rank, bool centred) const {
  SymmetricEigen eigen = eigen_symmetric(matrix(centred), columns_, EigenVectors::kCompute);
  LinearBasis basis;
  basis.columns = columns_;
  basis.mean.resize(columns_);
  for (std::size_t i = 0; i < columns_; ++i) {
    basis.mean[i] = centred ? static_cast<float>(mean(i)) : 0.0F;
  }
  const std::size_t kept = std::min(rank, columns_);
  basis.vectors.reserve(kept * columns_);
  for (std::size_t k = 0; k < kept; ++k) {
    double* vector = &eigen.vectors[k * columns_];
    make_largest_entry_positive(vector, columns_);
    for (std::size_t i = 0; i < columns_; ++i) basis.vectors.push_back(static_cast<float>(vector[i]));
    basis.variance.push_back(static_cast<float>(std::max(0.0, eigen.values[k])));
  }
  return basis;
}

std::vector<double> Covariance::spectrum(bool centred) const {
  std::vector<double> values = eigen_symmetric(matrix(centred), columns_, EigenVectors::kSkip).values;
  for (double& value : values) value = std::max(0.0, value);
  return values;
}

}  // namespace kvferry
