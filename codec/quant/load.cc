// SPDX-License-Identifier: MIT
#include "codec/quant/load.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstdint>
#include <cstring>

#include "codec/half.h"

namespace kvferry {
namespace {

void convert_half(const std::uint16_t* from, std::size_t n, float* to) {
  for (std::size_t i = 0; i < n; ++i) to[i] = half_to_float(from[i]);
}

void convert_bfloat16(const std::uint16_t* from, std::size_t n, float* to) {
  for (std::size_t i = 0; i < n; ++i) to[i] = bfloat16_to_float(from[i]);
}

void convert(DType dtype, const void* from, std::size_t n, float* to) {
  switch (dtype) {
    case DType::kF32:
      std::memcpy(to, from, n * sizeof(float));
      return;
    case DType::kF16:
      convert_half(static_cast<const std::uint16_t*>(from), n, to);
      return;
    case DType::kBF16:
      convert_bfloat16(static_cast<const std::uint16_t*>(from), n, to);
      return;
  }
}

// Magnitudes compare like their bits, and NaN and infinity above every number.
bool fits_half(const float* values, std::size_t n) {
  std::int32_t largest = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const auto magnitude = static_cast<std::int32_t>(std::bit_cast<std::uint32_t>(values[i]) & 0x7fffffffU);
    largest = std::max(largest, magnitude);
  }
  return largest <= std::bit_cast<std::int32_t>(kHalfMax);
}

}  // namespace

std::size_t load_rows(const KvView& view, float* out) {
  assert(view.device == Device::kCpu);
  const std::size_t channels = view.channels();
  const bool heads_touch = view.head_stride == view.head_dim;
  std::size_t bad = view.rows;
  for (std::size_t row = 0; row < view.rows; ++row) {
    float* to = out + row * channels;
    const std::size_t pieces = heads_touch ? 1 : view.heads;
    const std::size_t length = channels / std::max<std::size_t>(pieces, 1);
    for (std::size_t head = 0; head < pieces; ++head) {
      convert(view.dtype, view.at(row, head), length, to + head * length);
    }
    if (bad == view.rows && !fits_half(to, channels)) bad = row;
  }
  return bad;
}

}  // namespace kvferry
