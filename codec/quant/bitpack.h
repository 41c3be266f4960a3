// SPDX-License-Identifier: MIT
//
// Codes of 1 to 8 bits in bytes: the first code in the lowest bits, across the bounds of
// bytes; unused bits of the last byte are zero. And arrays of FP16 as two planes of bytes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kvferry {

[[nodiscard]] constexpr std::size_t packed_size_bytes(std::size_t n, unsigned bits) {
  return (n * bits + 7) / 8;
}

// Codes are below 2^bits, one a byte. Writes packed_size_bytes(n, bits).
void pack_bits(const std::uint8_t* codes, std::size_t n, unsigned bits, std::uint8_t* out);

// False if an unused bit of the last byte is set.
[[nodiscard]] bool unpack_bits(const std::uint8_t* packed, std::size_t n, unsigned bits, std::uint8_t* codes);

// n low bytes, then n high bytes. Signs and exponents stand together, where an entropy
// coder finds what they share.
void split_planes(const std::uint16_t* values, std::size_t n, std::uint8_t* out);
void join_planes(const std::uint8_t* planes, std::size_t n, std::uint16_t* values);

}  // namespace kvferry
