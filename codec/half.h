// SPDX-License-Identifier: MIT
//
// FP16 (IEEE 754 binary16) and BF16 as bits. Rounding is half to even; the results
// are those of hardware conversions, subnormals, infinities and NaN included, on
// every machine. Written without branches so that loops over it vectorise.
#pragma once

#include <bit>
#include <cstdint>

#include "codec/host_device.h"

namespace kvferry {

inline constexpr float kHalfMax = 65504.0F;  // the largest finite FP16 value

// condition ? yes : no, without a branch for the compiler to bring back.
[[nodiscard]] KVFERRY_HOST_DEVICE inline std::uint32_t pick_bits(bool condition, std::uint32_t yes,
                                                                 std::uint32_t no) {
  const std::uint32_t mask = 0U - static_cast<std::uint32_t>(condition);
  return (yes & mask) | (no & ~mask);
}

// Exact.
[[nodiscard]] KVFERRY_HOST_DEVICE inline float half_to_float(std::uint16_t bits) {
  const std::uint32_t sign = (bits & 0x8000U) << 16;
  const std::uint32_t magnitude = (bits & 0x7fffU) << 13;
  // 2^112 moves the exponent from bias 15 to bias 127, and is exact for subnormals too.
  const float scaled = std::bit_cast<float>(magnitude) * std::bit_cast<float>((254U - 15U) << 23);
  const std::uint32_t finite = std::bit_cast<std::uint32_t>(scaled);
  const std::uint32_t special = magnitude | 0x7f800000U;
  return std::bit_cast<float>(sign | pick_bits(magnitude >= 0x0f800000U, special, finite));
}

// Rounds half to even; beyond the range gives infinity; NaN stays NaN (quiet).
[[nodiscard]] KVFERRY_HOST_DEVICE inline std::uint16_t float_to_half(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000U;
  const std::uint32_t magnitude = bits & 0x7fffffffU;
  // Normal: re-bias the exponent and round at bit 13; the carry may run into the exponent.
  const std::uint32_t normal = (magnitude - (112U << 23) + 0xfffU + ((magnitude >> 13) & 1U)) >> 13;
  // Subnormal: adding 0.5 aligns the result's last bit with FP32's, so FP32's own rounding does it.
  const float aligned = std::bit_cast<float>(magnitude) + 0.5F;
  const std::uint32_t subnormal = std::bit_cast<std::uint32_t>(aligned) - (126U << 23);
  const std::uint32_t special = pick_bits(magnitude > 0x7f800000U, 0x7e00U, 0x7c00U);
  const std::uint32_t finite = pick_bits(magnitude < (113U << 23), subnormal, normal);
  return static_cast<std::uint16_t>(sign | pick_bits(magnitude >= (143U << 23), special, finite));
}

// Exact.
[[nodiscard]] KVFERRY_HOST_DEVICE inline float bfloat16_to_float(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

// Rounds half to even; NaN stays NaN (quiet).
[[nodiscard]] KVFERRY_HOST_DEVICE inline std::uint16_t float_to_bfloat16(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t rounded = (bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16;
  const bool is_nan = (bits & 0x7fffffffU) > 0x7f800000U;
  return static_cast<std::uint16_t>(pick_bits(is_nan, (bits >> 16) | 0x40U, rounded));
}

// Neither infinity nor NaN.
[[nodiscard]] KVFERRY_HOST_DEVICE inline bool half_is_finite(std::uint16_t bits) {
  return (bits & 0x7c00U) != 0x7c00U;
}

}  // namespace kvferry
