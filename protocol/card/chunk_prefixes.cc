// SPDX-License-Identifier: MIT
#include "protocol/card/chunk_prefixes.h"

#include <algorithm>
#include <limits>

#include "protocol/base/varint.h"

namespace kvferry {

bool PartialChunk::operator==(const PartialChunk& other) const {
  ByteView a = prefix.view();
  ByteView b = other.prefix.view();
  return index == other.index && std::equal(a.begin(), a.end(), b.begin(), b.end());
}

ChunkPrefixes::ChunkPrefixes(const std::vector<PartialChunk>& partial) {
  for (const PartialChunk& chunk : partial) {
    if (prefixes_.size() == kMaxCount) break;
    if (!chunk.prefix.empty())
      prefixes_.push_back({chunk.index, static_cast<std::uint32_t>(chunk.prefix.size())});
  }
}

std::uint32_t ChunkPrefixes::size_of(std::uint32_t chunk) const {
  auto found = std::find_if(prefixes_.begin(), prefixes_.end(),
                            [&](const ChunkPrefix& prefix) { return prefix.chunk == chunk; });
  return found == prefixes_.end() ? 0 : found->size_bytes;
}

void ChunkPrefixes::remove(std::uint32_t chunk) {
  std::erase_if(prefixes_, [&](const ChunkPrefix& prefix) { return prefix.chunk == chunk; });
}

void ChunkPrefixes::serialize(Bytes& out) const {
  for (const ChunkPrefix& prefix : prefixes_) {
    put_varint(out, prefix.chunk);
    put_varint(out, prefix.size_bytes);
  }
}

Result<ChunkPrefixes> ChunkPrefixes::parse(ByteView in) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max() - 1;
  ChunkPrefixes out;
  ByteReader reader(in);
  while (!reader.at_end()) {
    auto chunk = reader.take_varint();
    auto size = reader.take_varint();
    if (!chunk || !size) return Error{"partial chunks: truncated, or a varint that is not the shortest form"};
    if (*chunk > kMost || *size > kMost || *size == 0) return Error{"partial chunks: a number out of range"};
    if (!out.prefixes_.empty() && *chunk <= out.prefixes_.back().chunk)
      return Error{"partial chunks: not ascending"};
    if (out.prefixes_.size() == kMaxCount) return Error{"partial chunks: more than 64"};
    out.prefixes_.push_back({static_cast<std::uint32_t>(*chunk), static_cast<std::uint32_t>(*size)});
  }
  return out;
}

}  // namespace kvferry
