// SPDX-License-Identifier: MIT
//
// Eigenvalues and eigenvectors of a symmetric matrix: Householder's reduction to three diagonals, then
// QL steps with Wilkinson's shift (Golub and Van Loan, 8.3). Double; IEEE's basic operations and
// square roots in one order, so that every machine finds the same bits. n = 256 takes some tens of
// milliseconds, 1024 some seconds.
#pragma once

#include <cstddef>
#include <vector>

namespace kvferry {

struct SymmetricEigen {
  std::vector<double> values;   // [n], descending
  std::vector<double> vectors;  // [n][n], one a row, orthonormal; empty unless asked for
};

enum class EigenVectors { kSkip, kCompute };

// matrix [n][n], finite, both halves filled.
[[nodiscard]] SymmetricEigen eigen_symmetric(std::vector<double> matrix, std::size_t n, EigenVectors wanted);

}  // namespace kvferry
