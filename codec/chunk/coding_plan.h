// SPDX-License-Identifier: MIT
//
// How every block of a card is to be coded: classes of positions (all coded alike, unless the
// preset protects some or allocates bits by token), and a coding for K and V of each layer in
// each class.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "codec/chunk/block_coding.h"
#include "codec/kv_cache.h"
#include "codec/preset.h"
#include "protocol/base/result.h"

namespace kvferry {

struct CodingPlan {
  std::vector<std::uint8_t> position_class;  // [token_count]; below class_count, at most kMaxSegments
  std::size_t class_count = 1;
  std::size_t main_class =
      0;  // which most of the kept positions have: the one that symbol tables are made for
  std::vector<BlockCoding> codings;  // [class][K, V][layer]
  std::size_t layers = 0;

  [[nodiscard]] const BlockCoding& coding(std::size_t of_class, KvTensor tensor, std::size_t layer) const {
    return codings[(of_class * 2 + static_cast<std::size_t>(tensor)) * layers + layer];
  }
};

// weights: of every position of the full document, higher deserves more bits; read only by
// allocate=tokens. kept: the cache that travels.
[[nodiscard]] Result<CodingPlan> plan_codings(const Preset& preset, const KvCache& kept,
                                              std::span<const float> weights);

}  // namespace kvferry
