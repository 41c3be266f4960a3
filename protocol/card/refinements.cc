// SPDX-License-Identifier: MIT
#include "protocol/card/refinements.h"

#include <map>
#include <tuple>

namespace kvferry {

// Levels of one block ascend in the table, so what refines a chunk is behind it.
Refinements::Refinements(const std::vector<ChunkInfo>& table) : next_(table.size(), kNone) {
  using Block = std::tuple<std::uint32_t, std::uint32_t, TensorPart>;
  std::map<Block, std::uint32_t> refines;
  for (auto i = static_cast<std::uint32_t>(table.size()); i-- > 0;) {
    const ChunkInfo& chunk = table[i];
    auto at = refines.try_emplace({chunk.layer_begin, chunk.row_begin, chunk.tensor}, kNone).first;
    next_[i] = at->second;
    at->second = chunk.refines ? i : kNone;
  }
}

}  // namespace kvferry
