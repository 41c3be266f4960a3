// SPDX-License-Identifier: MIT
#include "codec/planes/plane_group.h"

#include <algorithm>

namespace kvferry {

std::vector<std::vector<PassRow>> passes_of_level(const PlaneStart& start, unsigned level) {
  const auto headroom = static_cast<std::int32_t>(start.headroom);
  std::vector<std::vector<PassRow>> passes;
  const bool some_begin = std::find(start.delay.begin(), start.delay.end(), level) != start.delay.end();
  if (some_begin) passes.resize(start.headroom);
  passes.emplace_back();
  for (std::uint32_t row = 0; row < start.delay.size(); ++row) {
    if (start.delay[row] > level) continue;
    const bool begins = start.delay[row] == level;
    for (std::int32_t j = 0; begins && j < headroom; ++j) {
      passes[static_cast<std::size_t>(j)].push_back({row, j - headroom, j == 0});
    }
    passes.back().push_back(
        {row, static_cast<std::int32_t>(level - start.delay[row]), begins && headroom == 0});
  }
  return passes;
}

}  // namespace kvferry
