// SPDX-License-Identifier: MIT
//
// A matrix product in FP32 whose sums have one order on every processor.
#pragma once

#include <cstddef>

namespace kvferry {

// A matrix of floats, element (row, column) at data[row * row_stride + column * column_stride].
struct MatrixView {
  const float* data = nullptr;
  std::size_t rows = 0, columns = 0;
  std::size_t row_stride = 0, column_stride = 1;
};

// out [a.rows][b.columns], contiguous: out(r, c) = start[c] + a(r, 0) * b(0, c) + a(r, 1) * b(1, c) + ...,
// added from left to right, every product and sum rounded on its own. a is contiguous along its rows. start
// is [b.columns], or null for zeros.
void add_product(const MatrixView& a, const MatrixView& b, const float* start, float* out);

}  // namespace kvferry
