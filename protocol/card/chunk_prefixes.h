// SPDX-License-Identifier: MIT
//
// How far chunks have arrived that are not whole: what a resumed transfer need
// not send again.
#pragma once

#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "protocol/base/slice.h"

namespace kvferry {

// The beginning of a chunk that broke off; not verified.
struct PartialChunk {
  std::uint32_t index = 0;
  Slice prefix;
  [[nodiscard]] bool operator==(const PartialChunk& other) const;
};

struct ChunkPrefix {
  std::uint32_t chunk = 0;
  std::uint32_t size_bytes = 0;  // at least 1
  bool operator==(const ChunkPrefix&) const = default;
};

class ChunkPrefixes {
 public:
  static constexpr std::size_t kMaxCount = 64;

  ChunkPrefixes() = default;
  // The first kMaxCount of them, which ascend.
  explicit ChunkPrefixes(const std::vector<PartialChunk>& partial);

  [[nodiscard]] bool empty() const { return prefixes_.empty(); }
  [[nodiscard]] const std::vector<ChunkPrefix>& prefixes() const { return prefixes_; }
  [[nodiscard]] std::uint32_t size_of(std::uint32_t chunk) const;  // 0: nothing of it is here

  void remove(std::uint32_t chunk);

  // Varint pairs (chunk, bytes), chunks ascending.
  void serialize(Bytes& out) const;
  [[nodiscard]] static Result<ChunkPrefixes> parse(ByteView in);

  bool operator==(const ChunkPrefixes&) const = default;

 private:
  std::vector<ChunkPrefix> prefixes_;
};

}  // namespace kvferry
