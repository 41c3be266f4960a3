// SPDX-License-Identifier: MIT
#include "codec/transform/basis.h"

#include <cassert>

#include "codec/half.h"
#include "codec/transform/product.h"

namespace kvferry {

void round_vectors_to_half(LinearBasis& basis) {
  for (float& entry : basis.vectors) entry = half_to_float(float_to_half(entry));
}

void project(const LinearBasis& basis, std::size_t rank, const float* values, std::size_t rows,
             float* coefficients) {
  assert(rank <= basis.rank());
  const std::size_t columns = basis.columns;
  std::vector<float> centred(rows * columns);
  for (std::size_t row = 0; row < rows; ++row) {
    for (std::size_t i = 0; i < columns; ++i) {
      centred[row * columns + i] = values[row * columns + i] - basis.mean[i];
    }
  }
  const MatrixView transposed{basis.vectors.data(), columns, rank, 1, columns};
  add_product({centred.data(), rows, columns, columns}, transposed, nullptr, coefficients);
}

void reconstruct(const LinearBasis& basis, std::size_t rank, const float* coefficients, std::size_t rows,
                 float* values) {
  assert(rank <= basis.rank());
  const MatrixView vectors{basis.vectors.data(), rank, basis.columns, basis.columns};
  add_product({coefficients, rows, rank, rank}, vectors, basis.mean.data(), values);
}

}  // namespace kvferry
