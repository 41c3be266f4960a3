// SPDX-License-Identifier: MIT
#include "protocol/card/shared_chunks.h"

namespace kvferry {

ChunksByDigest::ChunksByDigest(const Manifest& manifest) {
  for (std::uint32_t i = 0; i < manifest.chunks.size(); ++i)
    places_.try_emplace(manifest.chunks[i].digest, Place{i, manifest.chunks[i].size_bytes});
}

std::optional<std::uint32_t> ChunksByDigest::find(const ChunkInfo& chunk) const {
  const auto found = places_.find(chunk.digest);
  if (found == places_.end() || found->second.size_bytes != chunk.size_bytes) return std::nullopt;
  return found->second.index;
}

ChunkRanges ChunksByDigest::shared_with(const Manifest& other) const {
  ChunkRanges shared;
  for (std::uint32_t i = 0; i < other.chunks.size(); ++i) {
    if (find(other.chunks[i])) shared.add(i);
  }
  return shared;
}

}  // namespace kvferry
