// SPDX-License-Identifier: MIT
//
// Asymmetric uniform quantization with a scale and a zero per group, both FP16.
//
// The arithmetic is part of the format: FP32, each operation rounded on its own (no
// fused multiply-add), half to even. For a group with least value lo and greatest hi,
// and L = 2^bits - 1:
//
//   zero  = fp16(lo + 0)                       the +0 turns -0 into +0
//   scale = fp16(max(hi - zero, 0) / L)
//   inv   = scale > 0 ? 1 / scale : 0
//   code  = rint(min(max((x - zero) * inv, 0), L))
//   x'    = fp16(zero + code * scale)              an infinity becomes +-65504
//
// K: a group is one channel over up to `group` rows. V: a group is one row over up to
// `group` channels, begun afresh at each head.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kvferry {

// The tensor of one layer in one chunk, contiguous [row][head][dim], and how it is grouped.
struct AffineShape {
  std::size_t rows = 0;
  std::size_t heads = 0;
  std::size_t head_dim = 0;
  std::size_t group = 0;
  unsigned bits = 0;  // 8, 4 or 2

  [[nodiscard]] std::size_t channels() const { return heads * head_dim; }
  [[nodiscard]] std::size_t elements() const { return rows * channels(); }
  [[nodiscard]] std::size_t key_groups() const { return (rows + group - 1) / group * channels(); }
  [[nodiscard]] std::size_t value_groups() const { return rows * heads * ((head_dim + group - 1) / group); }
};

// values: elements() finite numbers within FP16's range. codes: one a byte. scales and
// zeros: FP16 bits, layout [row group][channel].
void quantize_key(const AffineShape& shape, const float* values, std::uint16_t* scales, std::uint16_t* zeros,
                  std::uint8_t* codes);
void dequantize_key(const AffineShape& shape, const std::uint16_t* scales, const std::uint16_t* zeros,
                    const std::uint8_t* codes, std::uint16_t* out);

// The same with scales and zeros in layout [row][head][channel group].
void quantize_value(const AffineShape& shape, const float* values, std::uint16_t* scales,
                    std::uint16_t* zeros, std::uint8_t* codes);
void dequantize_value(const AffineShape& shape, const std::uint16_t* scales, const std::uint16_t* zeros,
                      const std::uint8_t* codes, std::uint16_t* out);

}  // namespace kvferry
