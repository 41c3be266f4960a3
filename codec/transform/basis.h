// SPDX-License-Identifier: MIT
//
// An orthonormal basis of a block's columns, and a block's coefficients in it: principal components
// (KVTC, with a mean) and truncated SVD (without).
#pragma once

#include <cstddef>
#include <vector>

namespace kvferry {

// A basis and the mean that is taken off first.
struct LinearBasis {
  std::size_t columns = 0;
  std::vector<float> mean;      // [columns]
  std::vector<float> vectors;   // [rank][columns], descending variance
  std::vector<float> variance;  // [rank], of each component

  [[nodiscard]] std::size_t rank() const { return variance.size(); }
  friend bool operator==(const LinearBasis&, const LinearBasis&) = default;
};

// Makes every entry of the vectors one that FP16 holds exactly, which is how they are stored and sent.
void round_vectors_to_half(LinearBasis& basis);

// coefficients [rows][rank] = (values [rows][columns] - mean) · vectorsᵀ, with the first `rank` vectors.
// Sums run over columns, ascending.
void project(const LinearBasis& basis, std::size_t rank, const float* values, std::size_t rows,
             float* coefficients);

// values(r, c) = mean(c) + coefficients(r, 0) * vectors(0, c) + coefficients(r, 1) * vectors(1, c) + ...
// Normative: FP32, added from left to right, every product and sum rounded on its own.
void reconstruct(const LinearBasis& basis, std::size_t rank, const float* coefficients, std::size_t rows,
                 float* values);

}  // namespace kvferry
