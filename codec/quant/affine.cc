// SPDX-License-Identifier: MIT
#include "codec/quant/affine.h"

#include <algorithm>
#include <bit>
#include <vector>

#include "codec/half.h"

namespace kvferry {
namespace {

struct Group {
  float zero = 0;
  float scale = 0;
  float inverse = 0;
};

Group make_group(float lo, float hi, float levels, std::uint16_t& scale_bits, std::uint16_t& zero_bits) {
  Group group;
  zero_bits = float_to_half(lo + 0.0F);
  group.zero = half_to_float(zero_bits);
  scale_bits = float_to_half(std::max(hi - group.zero, 0.0F) / levels);
  group.scale = half_to_float(scale_bits);
  group.inverse = group.scale > 0 ? 1.0F / group.scale : 0.0F;
  return group;
}

// Adding 2^23 leaves the rounded integer in the lowest bits.
std::uint8_t to_code(float value, float zero, float inverse, float levels) {
  const float steps = std::min(std::max((value - zero) * inverse, 0.0F), levels);
  return static_cast<std::uint8_t>(std::bit_cast<std::uint32_t>(steps + 8388608.0F));
}

// Infinity becomes the largest finite value of its sign.
std::uint16_t from_code(std::uint8_t code, float zero, float scale) {
  const unsigned bits = float_to_half(zero + static_cast<float>(code) * scale);
  return static_cast<std::uint16_t>((bits & 0x8000U) | std::min(bits & 0x7fffU, 0x7bffU));
}

float levels_of(const AffineShape& shape) { return static_cast<float>((1U << shape.bits) - 1); }

struct Range {
  float lo;
  float hi;
};

// Floats as integers in the same order, because integer minima vectorise.
std::int32_t to_ordered(float value) {
  const auto bits = std::bit_cast<std::int32_t>(value);
  return bits ^ ((bits >> 31) & 0x7fffffff);
}
float from_ordered(std::int32_t key) { return std::bit_cast<float>(key ^ ((key >> 31) & 0x7fffffff)); }

Range range_of(const float* values, std::size_t n) {
  std::int32_t lo = to_ordered(values[0]);
  std::int32_t hi = lo;
  for (std::size_t i = 0; i < n; ++i) {
    const std::int32_t key = to_ordered(values[i]);
    lo = std::min(lo, key);
    hi = std::max(hi, key);
  }
  return {from_ordered(lo), from_ordered(hi)};
}

// Per-channel least and greatest of rows [begin, end).
void channel_ranges(const AffineShape& shape, const float* values, std::size_t begin, std::size_t end,
                    float* lo, float* hi) {
  const std::size_t channels = shape.channels();
  std::copy_n(values + begin * channels, channels, lo);
  std::copy_n(values + begin * channels, channels, hi);
  for (std::size_t row = begin + 1; row < end; ++row) {
    const float* x = values + row * channels;
    for (std::size_t c = 0; c < channels; ++c) {
      lo[c] = std::min(lo[c], x[c]);
      hi[c] = std::max(hi[c], x[c]);
    }
  }
}

}  // namespace

void quantize_key(const AffineShape& shape, const float* values, std::uint16_t* scales, std::uint16_t* zeros,
                  std::uint8_t* codes) {
  const std::size_t channels = shape.channels();
  const float levels = levels_of(shape);
  std::vector<float> scratch(2 * channels);
  float* lo = scratch.data();
  float* hi = lo + channels;
  for (std::size_t begin = 0; begin < shape.rows; begin += shape.group) {
    const std::size_t end = std::min(begin + shape.group, shape.rows);
    channel_ranges(shape, values, begin, end, lo, hi);
    float* zero = lo;  // from here on lo holds the zeros and hi the inverses
    float* inverse = hi;
    for (std::size_t c = 0; c < channels; ++c) {
      const Group group = make_group(lo[c], hi[c], levels, scales[c], zeros[c]);
      zero[c] = group.zero;
      inverse[c] = group.inverse;
    }
    for (std::size_t row = begin; row < end; ++row) {
      const float* x = values + row * channels;
      std::uint8_t* code = codes + row * channels;
      for (std::size_t c = 0; c < channels; ++c) code[c] = to_code(x[c], zero[c], inverse[c], levels);
    }
    scales += channels;
    zeros += channels;
  }
}

void dequantize_key(const AffineShape& shape, const std::uint16_t* scales, const std::uint16_t* zeros,
                    const std::uint8_t* codes, std::uint16_t* out) {
  const std::size_t channels = shape.channels();
  std::vector<float> scratch(2 * channels);
  float* zero = scratch.data();
  float* scale = zero + channels;
  for (std::size_t begin = 0; begin < shape.rows; begin += shape.group) {
    const std::size_t end = std::min(begin + shape.group, shape.rows);
    for (std::size_t c = 0; c < channels; ++c) {
      zero[c] = half_to_float(zeros[c]);
      scale[c] = half_to_float(scales[c]);
    }
    for (std::size_t row = begin; row < end; ++row) {
      const std::uint8_t* code = codes + row * channels;
      std::uint16_t* to = out + row * channels;
      for (std::size_t c = 0; c < channels; ++c) to[c] = from_code(code[c], zero[c], scale[c]);
    }
    scales += channels;
    zeros += channels;
  }
}

void quantize_value(const AffineShape& shape, const float* values, std::uint16_t* scales,
                    std::uint16_t* zeros, std::uint8_t* codes) {
  const float levels = levels_of(shape);
  for (std::size_t head = 0; head < shape.rows * shape.heads; ++head) {
    for (std::size_t begin = 0; begin < shape.head_dim; begin += shape.group) {
      const std::size_t n = std::min(shape.group, shape.head_dim - begin);
      const Range range = range_of(values, n);
      const Group group = make_group(range.lo, range.hi, levels, *scales++, *zeros++);
      for (std::size_t i = 0; i < n; ++i) codes[i] = to_code(values[i], group.zero, group.inverse, levels);
      values += n;
      codes += n;
    }
  }
}

void dequantize_value(const AffineShape& shape, const std::uint16_t* scales, const std::uint16_t* zeros,
                      const std::uint8_t* codes, std::uint16_t* out) {
  for (std::size_t head = 0; head < shape.rows * shape.heads; ++head) {
    for (std::size_t begin = 0; begin < shape.head_dim; begin += shape.group) {
      const std::size_t n = std::min(shape.group, shape.head_dim - begin);
      const float zero = half_to_float(*zeros++);
      const float scale = half_to_float(*scales++);
      for (std::size_t i = 0; i < n; ++i) out[i] = from_code(codes[i], zero, scale);
      codes += n;
      out += n;
    }
  }
}

}  // namespace kvferry
