// SPDX-License-Identifier: MIT
//
// What happens to a block's numbers before they are quantized, and the way back. FP32 in and
// out, contiguous [row][column]. Encoder and decoder call the same functions; only what
// invert_* computes is normative (FORMAT.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace kvferry {

// Turns K of [rows][heads][head_dim] back to before RoPE, and on again. positions: one a row.
// Rotate-half pairing (i, i + head_dim / 2) as in Hugging Face's Llama; angles in double,
// sines and cosines rounded to FP32. head_dim is even.
void undo_rope(float* key, std::span<const std::int32_t> positions, std::size_t heads, std::size_t head_dim,
               double theta);
void redo_rope(float* key, std::span<const std::int32_t> positions, std::size_t heads, std::size_t head_dim,
               double theta);

// CacheGen's anchors: in each run of `group` rows, every row but the first becomes its
// difference to the first (to the first's own reconstruction, which the caller passes in as
// anchors [ceil(rows / group)][columns]).
void subtract_anchors(float* values, std::size_t rows, std::size_t columns, std::size_t group,
                      const float* anchors);
void add_anchors(float* values, std::size_t rows, std::size_t columns, std::size_t group,
                 const float* anchors);

// An orthonormal basis of column space and the mean that is taken off first.
struct LinearBasis {
  std::size_t columns = 0;
  std::vector<float> mean;      // [columns]
  std::vector<float> vectors;   // [rank][columns], descending variance
  std::vector<float> variance;  // [rank], of each component

  [[nodiscard]] std::size_t rank() const { return variance.size(); }
  friend bool operator==(const LinearBasis&, const LinearBasis&) = default;
};

// coefficients [rows][rank] = (values [rows][columns] - mean) · vectorsᵀ, using the first `rank` vectors.
void project(const LinearBasis& basis, std::size_t rank, const float* values, std::size_t rows,
             float* coefficients);
void reconstruct(const LinearBasis& basis, std::size_t rank, const float* coefficients, std::size_t rows,
                 float* values);

// Sums from which a basis is found, in double.
class Covariance {
 public:
  explicit Covariance(std::size_t columns);
  void add(const float* values, std::size_t rows);
  [[nodiscard]] std::size_t rows() const { return rows_; }

  // The leading `rank` principal components. centred: whether the mean is taken off (PCA) or not (SVD, mean
  // 0). Deterministic: every sign makes the vector's largest entry positive.
  [[nodiscard]] LinearBasis basis(std::size_t rank, bool centred) const;
  // All eigenvalues, descending: the singular values' squares over the row count when not centred.
  [[nodiscard]] std::vector<double> spectrum(bool centred) const;

 private:
  std::size_t columns_, rows_ = 0;
  std::vector<double> sum_, products_;
};

// KVTC: bits of each component, 0 .. 8, that minimise the sum of variance / 4^bits subject to
// a total of at most `budget` bits, by dynamic programming; 0 bits drop the component.
[[nodiscard]] std::vector<std::uint8_t> allocate_bits(std::span<const float> variance, std::size_t budget);

}  // namespace kvferry
