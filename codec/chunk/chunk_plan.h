// SPDX-License-Identifier: MIT
//
// How a cache is cut into chunks, and in which order they travel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "codec/kv_cache.h"

namespace kvferry {

inline constexpr std::uint32_t kChunkRows = 64;
inline constexpr std::size_t kChunkBytesFp16 = 64 * 1024;

// Layers that hold the same positions, times rows of them; K and V.
struct ChunkBlock {
  std::uint32_t layer_begin = 0;
  std::uint32_t layer_count = 0;
  std::uint32_t row_begin = 0;
  std::uint32_t row_count = 0;
  float importance = 0;  // in [0, 1]

  friend bool operator==(const ChunkBlock&, const ChunkBlock&) = default;
};

// One past the last of the layers from begin on that hold the same positions as begin.
[[nodiscard]] std::uint32_t end_of_equal_layers(const KvCache& cache, std::uint32_t begin);

// Blocks of up to kChunkRows rows and as many neighbouring layers as make kChunkBytesFp16
// of FP16 (fewer where the layers or the rows end). Every row of every layer is in one
// block. The order is descending importance, then rows, then layers, so that all layers
// of some rows are complete early.
//
// scores: one per row, for caches whose layers hold the same positions; or empty. A block's
// importance is its rows' mean score as a share of the highest mean, without scores the
// share of rows that do not precede it; the block with the first row has 1.
[[nodiscard]] std::vector<ChunkBlock> plan_chunks(const KvCache& cache, std::span<const float> scores);

}  // namespace kvferry
