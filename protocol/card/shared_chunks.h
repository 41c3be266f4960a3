// SPDX-License-Identifier: MIT
//
// Chunks that two cards have in common: versions of a document share what did not change.
#pragma once

#include <map>
#include <optional>

#include "protocol/card/chunk_ranges.h"
#include "protocol/card/manifest.h"

namespace kvferry {

class ChunksByDigest {
 public:
  explicit ChunksByDigest(const Manifest& manifest);

  // Where the card has the same bytes.
  [[nodiscard]] std::optional<std::uint32_t> find(const ChunkInfo& chunk) const;
  // Those of another card that this one has too.
  [[nodiscard]] ChunkRanges shared_with(const Manifest& other) const;

 private:
  struct Place {
    std::uint32_t index = 0;
    std::uint32_t size_bytes = 0;
  };
  std::map<Digest, Place> places_;
};

}  // namespace kvferry
