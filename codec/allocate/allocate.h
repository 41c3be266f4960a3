// SPDX-License-Identifier: MIT
//
// Who gets more bits than the preset's quantizer says: layers by sensitivity (Q-KVComm),
// tokens by weight (QKVShare), layer groups as CacheGen released them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "codec/preset.h"
#include "codec/quant/spec.h"
#include "protocol/base/result.h"

namespace kvferry {

// The same quantizer (kAffine or kSymmetric) at other bits: 1 .. 8, or 16 for fp16.
[[nodiscard]] QuantSpec with_bits(QuantSpec spec, unsigned bits);
// The same symmetric quantizer with CacheGen's number of bins, 4 .. 256 and even.
[[nodiscard]] QuantSpec with_bins(QuantSpec spec, unsigned bins);

// Bits of each layer, 8, 6 or 4: the most sensitive 30 % of the layers, the middle, the least
// sensitive 30 %. Both 30 % are rounded to nearest, halves up; of equal layers the earlier
// counts as more sensitive. The error names a sensitivity that is not finite.
[[nodiscard]] Result<std::vector<std::uint8_t>> sensitivity_bits(std::span<const float> sensitivity);

// How much each of n rows matters, above or equal to 0.
//   attention  the scores given, one a row; below 0 counts as 0
//   position   1 for the first 4 rows, 1 / (n - row) for the others
//   random     1 / u with u uniform in (0, 1] by a hash of (seed, row): spread as position's
//   uniform    1
[[nodiscard]] Result<std::vector<float>> token_weights(TokenWeight weight, std::size_t n,
                                                       std::span<const float> attention, std::uint64_t seed);

// Bits of each row, 2, 4, 8 or 16, that minimise the sum of weight / 4^bits with a total of at
// most mean_bits a row: the exact optimum; of equal rows the earlier gets more. A row of no
// weight gets 2. mean_bits is in [2, 16]. The error names a weight that is not finite or
// below 0.
[[nodiscard]] Result<std::vector<std::uint8_t>> token_bits(std::span<const float> weights, double mean_bits);

struct CacheGenBins {
  std::vector<std::uint16_t> key;    // [layer]
  std::vector<std::uint16_t> value;  // [layer]
};

// Bins of each layer as CacheGen released them for Mistral-7B, level 1 (smallest) to 3. Its
// groups of 32 layers (K: 10, 10, 12; V: 2, 30) are scaled to the number of layers, ends
// rounded to nearest, halves up; a first group has at least one layer.
[[nodiscard]] CacheGenBins cachegen_bins(std::uint32_t level, std::size_t layers);

}  // namespace kvferry
