// SPDX-License-Identifier: MIT
//
// How a cache is cut into groups of bit planes, and which rows begin late.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "codec/chunk/chunk_plan.h"
#include "codec/kv_cache.h"

namespace kvferry {

inline constexpr std::size_t kGroupBytesFp16 = std::size_t{1} << 20;
// Beyond these no reader has to go: half more, so that a short rest can join the group before it.
inline constexpr std::size_t kMaxGroupBytesFp16 = kGroupBytesFp16 * 3 / 2;

// Groups of about as many rows (256, 128 or 64) and neighbouring layers that hold the same positions as make
// kGroupBytesFp16, all layers where that can be: a chunk should be worth its line in the table. Every row of
// every layer is in one group, in the order of rows, then layers.
[[nodiscard]] std::vector<ChunkBlock> plan_groups(const KvCache& cache);

// Levels that each row begins later than the most important ones, 0 .. kMaxDelay: half a level for each
// octave that its energy lies below the root of their mean square. energy: one a row, at least 0.
[[nodiscard]] std::vector<std::uint8_t> row_delays(std::span<const float> energy);

}  // namespace kvferry
