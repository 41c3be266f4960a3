// SPDX-License-Identifier: MIT
//
// Seeded numbers to quantize.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

#include "codec/half.h"
#include "protocol/base/rng.h"

namespace kvferry::testing {

// N(0, 1), rounded to FP16.
inline std::vector<float> gaussians(std::size_t n, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<float> values(n);
  for (float& value : values) {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - rng.uniform()));
    const double x = radius * std::cos(2.0 * std::numbers::pi * rng.uniform());
    value = half_to_float(float_to_half(static_cast<float>(x)));
  }
  return values;
}

}  // namespace kvferry::testing
