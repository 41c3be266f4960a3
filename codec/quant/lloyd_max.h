// SPDX-License-Identifier: MIT
//
// The quantizer of least mean squared error for N(0, 1) at a number of levels (Lloyd 1957,
// Max 1960). The levels are part of the format (FORMAT.md).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "codec/host_device.h"

namespace kvferry {

inline constexpr unsigned kMaxLloydMaxBits = 8;

// levels[0 .. size) ascend; thresholds[i] stands half-way between levels i and i + 1.
struct LloydMax {
  unsigned bits = 0;
  std::array<float, 256> levels{};
  std::array<float, 255> thresholds{};

  [[nodiscard]] std::size_t size() const { return std::size_t{1} << bits; }
};

// bits: 1 .. 8.
[[nodiscard]] const LloydMax& lloyd_max(unsigned bits);

// How many of the 2^bits - 1 thresholds are not above x.
[[nodiscard]] KVFERRY_HOST_DEVICE inline std::uint8_t lloyd_max_symbol(const float* thresholds, unsigned bits,
                                                                       float x) {
  unsigned symbol = 0;
  for (unsigned step = 1U << (bits - 1); step > 0; step /= 2) {
    symbol += x >= thresholds[symbol + step - 1] ? step : 0;
  }
  return static_cast<std::uint8_t>(symbol);
}

}  // namespace kvferry
