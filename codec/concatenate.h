// SPDX-License-Identifier: MIT
//
// Caches of several documents as one, and back: a bundle travels as one card. Positions of each document
// continue those of the one before, and K, held after RoPE, is turned by the same number of positions.
#pragma once

#include <span>

#include "codec/kv_cache.h"

namespace kvferry {

// All of one geometry, and with the same rows in every layer; theta is RoPE's. The error says which cache is
// of another shape, or that the positions are too many.
[[nodiscard]] Result<KvCache> concatenate(std::span<const KvCache* const> caches, double rope_theta);

// The rows at positions [begin, end), back at positions from 0; layers may have fewer of them, or none. FP16
// values of K may differ in the last bit from those that were concatenated.
[[nodiscard]] Result<KvCache> part_of(const KvCache& cache, std::uint32_t begin, std::uint32_t end,
                                      double rope_theta);

}  // namespace kvferry
