// SPDX-License-Identifier: MIT
//
// What kernels see of a block: its numbers, its parameters in two planes of bytes, its symbols
// packed; and where they report what is wrong. Plain functions that only compute are host
// code too, so that they can be tried without a GPU.
#pragma once

#include <cstddef>
#include <cstdint>

#include "codec/half.h"
#include "codec/host_device.h"
#include "codec/kv_view.h"
#include "codec/quant/arithmetic.h"
#include "codec/quant/grouping.h"

namespace kvferry::cuda {

// A view whose fields kernels can read.
struct Numbers {
  const void* data;
  DType dtype;
  BlockShape shape;
  std::size_t row_stride;
  std::size_t head_stride;

  explicit Numbers(const KvView& view)
      : data(view.data),
        dtype(view.dtype),
        shape{view.rows, view.heads, view.head_dim},
        row_stride(view.row_stride),
        head_stride(view.head_stride) {}

  [[nodiscard]] KVFERRY_HOST_DEVICE float at(std::size_t row, std::size_t column) const {
    const std::size_t place =
        row * row_stride + column / shape.head_dim * head_stride + column % shape.head_dim;
    if (dtype == DType::kF32) return static_cast<const float*>(data)[place];
    const std::uint16_t bits = static_cast<const std::uint16_t*>(data)[place];
    return dtype == DType::kF16 ? half_to_float(bits) : bfloat16_to_float(bits);
  }
};

// NaN compares false.
[[nodiscard]] KVFERRY_HOST_DEVICE inline bool fits_half(float x) { return x >= -kHalfMax && x <= kHalfMax; }

// FP16 numbers as n low bytes, then n high bytes.
struct Planes {
  std::uint8_t* bytes;
  std::size_t n;

  KVFERRY_HOST_DEVICE void set(std::size_t i, std::uint16_t half) const {
    bytes[i] = static_cast<std::uint8_t>(half & 0xff);
    bytes[n + i] = static_cast<std::uint8_t>(half >> 8);
  }
};

[[nodiscard]] KVFERRY_HOST_DEVICE inline std::uint16_t plane_value(const std::uint8_t* bytes, std::size_t n,
                                                                   std::size_t i) {
  return static_cast<std::uint16_t>(bytes[i] | bytes[n + i] << 8);
}

// The i-th code of `bits` bits; touches only the bytes that hold it.
[[nodiscard]] KVFERRY_HOST_DEVICE inline std::uint8_t packed_symbol(const std::uint8_t* packed, std::size_t i,
                                                                    unsigned bits) {
  const std::size_t bit = i * bits;
  const unsigned shift = static_cast<unsigned>(bit % 8);
  unsigned value = packed[bit / 8];
  if (shift + bits > 8) value |= static_cast<unsigned>(packed[bit / 8 + 1]) << 8;
  return static_cast<std::uint8_t>(value >> shift & ((1U << bits) - 1));
}

// Up to eight codes, from a byte's begin on.
KVFERRY_HOST_DEVICE inline void store_packed(const std::uint8_t* symbols, std::size_t n, unsigned bits,
                                             std::uint8_t* out) {
  std::uint64_t x = 0;
  for (std::size_t i = 0; i < n; ++i) x |= static_cast<std::uint64_t>(symbols[i]) << (i * bits);
  for (std::size_t byte = 0; byte * 8 < n * bits; ++byte)
    out[byte] = static_cast<std::uint8_t>(x >> (8 * byte));
}

// The first place at fault, kNone where none is.
struct Faults {
  static constexpr unsigned long long kNone = ~0ULL;
  unsigned long long row = kNone;    // of a number that FP16 cannot hold
  unsigned long long scale = kNone;  // or norm
  unsigned long long zero = kNone;
  unsigned long long symbol = kNone;  // place * 256 + symbol
  unsigned long long value = kNone;   // of an fp16 block
};

}  // namespace kvferry::cuda
