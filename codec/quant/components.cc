// SPDX-License-Identifier: MIT
#include "codec/quant/components.h"

#include <algorithm>
#include <cmath>

#include "codec/quant/bitpack.h"
#include "codec/quant/lloyd_max.h"

namespace kvferry {
namespace {

// FP32's square root is exact to half a unit in the last place everywhere.
float deviation_of(float variance) { return std::sqrt(std::max(variance, 0.0F)); }

// Symbols of one component, side by side.
void gather(const std::uint8_t* symbols, std::size_t rows, std::size_t stride, std::uint8_t* out) {
  for (std::size_t row = 0; row < rows; ++row) out[row] = symbols[row * stride];
}

}  // namespace

void quantize_components(std::span<const std::uint8_t> bits, std::span<const float> variance,
                         const float* coefficients, std::size_t rows, std::uint8_t* symbols) {
  const std::size_t rank = bits.size();
  for (std::size_t c = 0; c < rank; ++c) {
    if (bits[c] == 0) {
      for (std::size_t row = 0; row < rows; ++row) symbols[row * rank + c] = 0;
      continue;
    }
    const LloydMax& quantizer = lloyd_max(bits[c]);
    const float deviation = deviation_of(variance[c]);
    const float inverse = deviation > 0 ? 1.0F / deviation : 0.0F;
    for (std::size_t row = 0; row < rows; ++row) {
      const float x = coefficients[row * rank + c] * inverse;
      symbols[row * rank + c] = lloyd_max_symbol(quantizer.thresholds.data(), bits[c], x);
    }
  }
}

void dequantize_components(std::span<const std::uint8_t> bits, std::span<const float> variance,
                           const std::uint8_t* symbols, std::size_t rows, float* coefficients) {
  const std::size_t rank = bits.size();
  for (std::size_t c = 0; c < rank; ++c) {
    const LloydMax* quantizer = bits[c] == 0 ? nullptr : &lloyd_max(bits[c]);
    const float deviation = deviation_of(variance[c]);
    for (std::size_t row = 0; row < rows; ++row) {
      const std::size_t at = row * rank + c;
      coefficients[at] = quantizer == nullptr ? 0.0F : quantizer->levels[symbols[at]] * deviation;
    }
  }
}

std::size_t packed_components_bytes(std::span<const std::uint8_t> bits, std::size_t rows) {
  std::size_t bytes = 0;
  for (const std::uint8_t one : bits) bytes += packed_size_bytes(rows, one);
  return bytes;
}

void pack_components(std::span<const std::uint8_t> bits, const std::uint8_t* symbols, std::size_t rows,
                     std::uint8_t* out) {
  std::vector<std::uint8_t> column(rows);
  for (std::size_t c = 0; c < bits.size(); ++c) {
    if (bits[c] == 0) continue;
    gather(symbols + c, rows, bits.size(), column.data());
    pack_bits(column.data(), rows, bits[c], out);
    out += packed_size_bytes(rows, bits[c]);
  }
}

bool unpack_components(std::span<const std::uint8_t> bits, const std::uint8_t* packed, std::size_t rows,
                       std::uint8_t* symbols) {
  std::vector<std::uint8_t> column(rows);
  for (std::size_t c = 0; c < bits.size(); ++c) {
    std::fill(column.begin(), column.end(), std::uint8_t{0});
    if (bits[c] != 0) {
      if (!unpack_bits(packed, rows, bits[c], column.data())) return false;
      packed += packed_size_bytes(rows, bits[c]);
    }
    for (std::size_t row = 0; row < rows; ++row) symbols[row * bits.size() + c] = column[row];
  }
  return true;
}

}  // namespace kvferry
