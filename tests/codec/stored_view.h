// SPDX-License-Identifier: MIT
//
// The same numbers as a view of any type, with gaps between heads and rows if asked for.
#pragma once

#include <limits>
#include <vector>

#include "codec/half.h"
#include "codec/kv_view.h"
#include "codec/quant/spec.h"

namespace kvferry::testing {

struct StoredView {
  std::vector<float> floats;
  std::vector<std::uint16_t> halves;
  KvView view;

  [[nodiscard]] std::size_t size_bytes() const { return floats.size() * element_size_bytes(view.dtype); }
};

// Gaps hold NaN, which nobody may read.
inline StoredView store_view(const BlockShape& shape, const std::vector<float>& values, DType dtype,
                             std::size_t head_gap, std::size_t row_gap) {
  StoredView stored;
  const std::size_t head_stride = shape.head_dim + head_gap;
  const std::size_t row_stride = shape.heads * head_stride + row_gap;
  stored.floats.assign(shape.rows * row_stride, std::numeric_limits<float>::quiet_NaN());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t row = i / shape.columns();
    const std::size_t head = i % shape.columns() / shape.head_dim;
    stored.floats[row * row_stride + head * head_stride + i % shape.head_dim] = values[i];
  }
  for (const float x : stored.floats) {
    stored.halves.push_back(dtype == DType::kBF16 ? float_to_bfloat16(x) : float_to_half(x));
  }
  const bool wide = dtype == DType::kF32;
  const void* data = wide ? static_cast<const void*>(stored.floats.data()) : stored.halves.data();
  stored.view = {data, dtype, Device::kCpu, shape.rows, shape.heads, shape.head_dim, row_stride, head_stride};
  return stored;
}

}  // namespace kvferry::testing
