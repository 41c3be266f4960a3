// SPDX-License-Identifier: MIT
//
// A group is what shares chunks: some rows of some layers, K and V of each. Its levels are chunks that refine
// each other, each one bit plane more: PLANES.md.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "codec/planes/plane_contexts.h"

namespace kvferry {

inline constexpr std::uint32_t kMaxGroupRows = 384;
inline constexpr unsigned kMaxDelay = 3;
inline constexpr unsigned kMaxPlanes = 30;  // of a coefficient, headroom counted

// Where a group's planes begin.
struct PlaneStart {
  unsigned headroom = 0;            // planes below 0 that a row's first level brings along
  std::vector<std::uint8_t> delay;  // [row], levels that the row begins later, at most kMaxDelay
};

// Rows and planes of each pass of one level, in order. All but the last are of rows that begin.
[[nodiscard]] std::vector<std::vector<PassRow>> passes_of_level(const PlaneStart& start, unsigned level);

}  // namespace kvferry
