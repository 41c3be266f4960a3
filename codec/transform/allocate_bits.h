// SPDX-License-Identifier: MIT
//
// KVTC's bit allocation over principal components.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace kvferry {

inline constexpr unsigned kMaxComponentBits = 8;

// Bits of each component, 0 .. 8, that minimise the sum of variance / 4^bits (each component's error
// after quantization) subject to a total of at most `budget` bits: the exact optimum. KVTC
// finds it by dynamic programming; since gains only shrink, a bit at a time to where it gains most
// finds the same. 0 bits drop the component. Of equal variances the earlier gets no fewer bits;
// a bit that gains nothing is not spent.
[[nodiscard]] std::vector<std::uint8_t> allocate_bits(std::span<const float> variance, std::size_t budget);

}  // namespace kvferry
