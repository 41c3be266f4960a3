// SPDX-License-Identifier: MIT
//
// PolyKV's value coder, after TurboQuant without its residual: random signs and a fast
// Walsh-Hadamard transform spread every head vector's energy evenly, so that its numbers
// divided by their deviation are near N(0, 1), where Lloyd-Max levels err least. One FP16
// number a vector restores its norm.
//
// x: the vector, D numbers, s: its signs. D is cut into descending powers of two p, each of
// which is transformed on its own; c = 1 / sqrt(p).
//
//   norm   = sqrt(sum x²)                       see sum_of_squares
//   inv    = sqrt(D) / norm, or 0 if norm is at most 2^-40
//   y      = WHT(s x)                           butterflies at distance 1, 2, 4 .. p / 2:
//                                               (a, b) becomes (a + b, a - b)
//   symbol = thresholds not above y (inv c)
//   g      = fp16(min(norm / sqrt(sum level²), 65504)), or 0 if norm is at most 2^-40
//
//   x'     = s (WHT(level) (g c))               clamped to +-65504
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "codec/half.h"
#include "codec/host_device.h"
#include "codec/quant/lloyd_max.h"

namespace kvferry {

inline constexpr float kLeastNorm = 0x1p-40F;
inline constexpr std::uint64_t kSignSeed = 0x6b76666572727931;  // "kvferry1"

// What all vectors of one length share.
struct Rotation {
  // bits: 1 .. 8; head_dim is at least 1.
  Rotation(std::size_t head_dim, unsigned bits);

  const LloydMax* table;
  float root_dim;                    // sqrt(D)
  std::vector<std::uint32_t> signs;  // [D], 2^31 where the sign is minus: bit i % 64 of SplitMix64's output
                                     // i / 64 from kSignSeed
  [[nodiscard]] std::size_t head_dim() const { return signs.size(); }
};

// The largest power of two that is not above n; the pieces of D are taken so from its front.
[[nodiscard]] KVFERRY_HOST_DEVICE constexpr std::size_t first_piece(std::size_t n) {
  std::size_t piece = 1;
  while (piece <= n / 2) piece *= 2;
  return piece;
}

// Number i is added to partial sum i % 16, in order; then sums j and j + 8, j and j + 4,
// j and j + 2 and the last two are added.
inline constexpr std::size_t kPartialSums = 16;

// c: what makes the transform of a piece orthonormal.
[[nodiscard]] KVFERRY_HOST_DEVICE inline float piece_factor(std::size_t piece) {
  return 1.0F / std::sqrt(static_cast<float>(piece));
}

// g, from the norm of the numbers and the sum of their levels' squares.
[[nodiscard]] KVFERRY_HOST_DEVICE inline std::uint16_t stored_norm(float norm, float sum_of_levels) {
  if (!(norm > kLeastNorm)) return 0;
  const float ratio = norm / std::sqrt(sum_of_levels);
  return float_to_half(ratio < kHalfMax ? ratio : kHalfMax);
}

}  // namespace kvferry
