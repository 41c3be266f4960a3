// SPDX-License-Identifier: MIT
//
// Sums over rows from which a basis, a spectrum and the moments of each column follow.
#pragma once

#include <cstddef>
#include <vector>

#include "codec/transform/basis.h"

namespace kvferry {

class Covariance {
 public:
  explicit Covariance(std::size_t columns);

  // values [rows][columns], finite. Sums are in double.
  void add(const float* values, std::size_t rows);

  [[nodiscard]] std::size_t rows() const { return rows_; }
  // Of one column over all rows.
  [[nodiscard]] double mean(std::size_t column) const;
  [[nodiscard]] double variance(std::size_t column) const;

  // The leading `rank` principal components, or as many as there are columns. centred: whether the mean
  // is taken off (PCA) or not (SVD; the basis' mean is then 0). Deterministic: every sign makes the
  // vector's largest entry positive.
  [[nodiscard]] LinearBasis basis(std::size_t rank, bool centred) const;

  // All eigenvalues, descending: when not centred, the squares of the singular values over the row count.
  [[nodiscard]] std::vector<double> spectrum(bool centred) const;

 private:
  [[nodiscard]] std::vector<double> matrix(bool centred) const;

  std::size_t columns_, rows_ = 0;
  std::vector<double> sum_;       // [columns]
  std::vector<double> products_;  // [columns][columns], upper half
};

}  // namespace kvferry
