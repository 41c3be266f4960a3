// SPDX-License-Identifier: MIT
//
// The way into the kernels: a strided view of any type becomes contiguous FP32, checked.
#pragma once

#include <cstddef>

#include "codec/kv_view.h"

namespace kvferry {

// Writes view.elements() values to out, layout [row][head][dim]. Conversion is exact.
// Returns the first row that holds NaN, an infinity or a value beyond FP16's +-65504,
// or view.rows when there is none. CPU views only.
[[nodiscard]] std::size_t load_rows(const KvView& view, float* out);

// One row; false if it holds such a value.
[[nodiscard]] bool load_row(const KvView& view, std::size_t row, float* out);

}  // namespace kvferry
