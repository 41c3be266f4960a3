// SPDX-License-Identifier: MIT
//
// Bit packing of the widths that divide a byte evenly, as many whole vectors as there are.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kvferry::kernels {

// bits: 4 or 2. Packs the first codes, a multiple of 8 / bits, and returns how many.
[[nodiscard]] std::size_t pack(const std::uint8_t* codes, std::size_t n, unsigned bits, std::uint8_t* out);
[[nodiscard]] std::size_t unpack(const std::uint8_t* packed, std::size_t n, unsigned bits,
                                 std::uint8_t* codes);
// The greatest of n codes, 0 if there are none.
[[nodiscard]] std::uint8_t greatest(const std::uint8_t* codes, std::size_t n);

}  // namespace kvferry::kernels
