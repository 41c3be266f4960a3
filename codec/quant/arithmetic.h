// SPDX-License-Identifier: MIT
//
// The arithmetic of uniform quantization, one number at a time: what the kernels of every
// processor and of the GPU compute, to the bit. FP32, each operation rounded on its own
// (FORMAT.md, "Arithmetic"). Ranges come in as least and greatest value of a group; which
// zero stands for -0 and +0 there makes no difference.
#pragma once

#include <bit>
#include <cstdint>

#include "codec/half.h"
#include "codec/host_device.h"
#include "codec/quant/spec.h"

namespace kvferry {

// Whole steps lie in [lowest, highest]; a symbol is steps + offset.
struct UniformRule {
  float lowest = 0;
  float highest = 0;
  float offset = 0;
  bool symmetric = false;  // the zero is 0 and not stored
};

// Two symbols about zero: a sign, with the mean magnitude as scale.
[[nodiscard]] KVFERRY_HOST_DEVICE constexpr bool is_sign(const QuantSpec& spec) {
  return spec.kind == QuantKind::kSymmetric && spec.symbols == 2;
}

// Of kAffine and kSymmetric. For a sign, offset is 1/2 and a step is twice the scale.
[[nodiscard]] KVFERRY_HOST_DEVICE constexpr UniformRule uniform_rule(const QuantSpec& spec) {
  if (spec.kind == QuantKind::kAffine) return {0, static_cast<float>(spec.symbols - 1), 0, false};
  const int half = spec.symbols / 2;
  const auto most = static_cast<float>(half);
  if (is_sign(spec)) return {-most, most, 0.5F, true};
  return {-most, most, most, true};
}

[[nodiscard]] KVFERRY_HOST_DEVICE inline float clamp_to_half(float x) {
  const float low = x > -kHalfMax ? x : -kHalfMax;
  return low < kHalfMax ? low : kHalfMax;
}

struct GroupScale {
  std::uint16_t scale_bits = 0;
  std::uint16_t zero_bits = 0;
  float scale = 0;
  float zero = 0;
  float inverse = 0;
};

[[nodiscard]] KVFERRY_HOST_DEVICE inline float inverse_of(float scale) {
  return scale > 0 ? 1.0F / scale : 0.0F;
}

[[nodiscard]] KVFERRY_HOST_DEVICE inline GroupScale make_scale(const UniformRule& rule, float lo, float hi) {
  GroupScale group;
  if (!rule.symmetric) group.zero_bits = float_to_half(lo + 0.0F);
  group.zero = half_to_float(group.zero_bits);
  const float below = -lo;
  const float span = rule.symmetric ? (below > hi ? below : hi) : hi - group.zero;
  const float step = (span > 0 ? span : 0.0F) / rule.highest;
  group.scale_bits = float_to_half(step < kHalfMax ? step : kHalfMax);
  group.scale = half_to_float(group.scale_bits);
  group.inverse = inverse_of(group.scale);
  return group;
}

// 1.5 · 2^23: added to a number of at most 2^22, it leaves the rounded integer in the lowest bits.
inline constexpr float kRoundingShift = 12582912.0F;
inline constexpr std::int32_t kRoundingShiftBits = 0x4b400000;

[[nodiscard]] KVFERRY_HOST_DEVICE inline std::uint8_t to_symbol(const UniformRule& rule, float x, float zero,
                                                                float inverse) {
  const float exact = (x - zero) * inverse;
  const float low = exact > rule.lowest ? exact : rule.lowest;
  const float steps = low < rule.highest ? low : rule.highest;
  const std::int32_t rounded = std::bit_cast<std::int32_t>(steps + kRoundingShift) - kRoundingShiftBits;
  return static_cast<std::uint8_t>(rounded + static_cast<std::int32_t>(rule.offset));
}

// step: the scale, or twice the scale for a sign.
[[nodiscard]] KVFERRY_HOST_DEVICE inline float from_symbol(float offset, std::uint8_t symbol, float zero,
                                                           float step) {
  const float product = (static_cast<float>(symbol) - offset) * step;
  return clamp_to_half(product + zero);
}

[[nodiscard]] KVFERRY_HOST_DEVICE inline std::uint8_t to_sign(float x) { return x >= 0 ? 1 : 0; }

// The mean of magnitudes whose sum was taken in FP64, in the order of the elements.
[[nodiscard]] KVFERRY_HOST_DEVICE inline std::uint16_t sign_scale(double sum, std::size_t n) {
  return float_to_half(static_cast<float>(sum / static_cast<double>(n)));
}

// Floats as unsigned integers in the same order, -0 below +0, infinities and NaN outermost.
[[nodiscard]] KVFERRY_HOST_DEVICE constexpr std::uint32_t to_ordered(std::uint32_t bits) {
  return bits ^ ((bits >> 31) != 0 ? 0xffffffffU : 0x80000000U);
}
[[nodiscard]] KVFERRY_HOST_DEVICE constexpr std::uint32_t from_ordered(std::uint32_t key) {
  return key ^ ((key >> 31) != 0 ? 0x80000000U : 0xffffffffU);
}
[[nodiscard]] KVFERRY_HOST_DEVICE constexpr std::uint16_t to_ordered(std::uint16_t bits) {
  return static_cast<std::uint16_t>(bits ^ ((bits >> 15) != 0 ? 0xffff : 0x8000));
}
[[nodiscard]] KVFERRY_HOST_DEVICE constexpr std::uint16_t from_ordered(std::uint16_t key) {
  return static_cast<std::uint16_t>(key ^ ((key >> 15) != 0 ? 0x8000 : 0xffff));
}

}  // namespace kvferry
