// SPDX-License-Identifier: MIT
//
// KVTC's quantizer: every principal component has its own number of bits, and Lloyd-Max levels
// for a normal distribution of the component's calibrated deviation. No scales travel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace kvferry {

// bits: of each component, 0 .. 8; those of 0 are dropped and read back as 0. variance: of each
// component. coefficients and symbols are [row][component].
void quantize_components(std::span<const std::uint8_t> bits, std::span<const float> variance,
                         const float* coefficients, std::size_t rows, std::uint8_t* symbols);
// Symbols are below 2^bits of their component.
void dequantize_components(std::span<const std::uint8_t> bits, std::span<const float> variance,
                           const std::uint8_t* symbols, std::size_t rows, float* coefficients);

// Packed component by component, each begun at a byte.
[[nodiscard]] std::size_t packed_components_bytes(std::span<const std::uint8_t> bits, std::size_t rows);
void pack_components(std::span<const std::uint8_t> bits, const std::uint8_t* symbols, std::size_t rows,
                     std::uint8_t* out);
// False if an unused bit is set.
[[nodiscard]] bool unpack_components(std::span<const std::uint8_t> bits, const std::uint8_t* packed,
                                     std::size_t rows, std::uint8_t* symbols);

}  // namespace kvferry
