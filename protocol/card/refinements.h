// SPDX-License-Identifier: MIT
//
// Which chunk of a table refines which: of no use to anybody without it.
#pragma once

#include <optional>
#include <vector>

#include "protocol/card/chunk_info.h"

namespace kvferry {

class Refinements {
 public:
  Refinements() = default;
  explicit Refinements(const std::vector<ChunkInfo>& table);

  // The chunk that refines this one; nothing if none does.
  [[nodiscard]] std::optional<std::uint32_t> of(std::uint32_t chunk) const {
    if (chunk >= next_.size() || next_[chunk] == kNone) return std::nullopt;
    return next_[chunk];
  }

 private:
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;
  std::vector<std::uint32_t> next_;  // of each chunk
};

}  // namespace kvferry
