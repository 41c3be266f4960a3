// SPDX-License-Identifier: MIT
//
// One line of a card's chunk table, and how pages of the table are laid out.
#pragma once

#include <vector>

#include "protocol/base/digest.h"

namespace kvferry {

// kTables: what the other chunks need to be decoded, such as a basis; no layers and no rows, only as chunk 0.
enum class TensorPart : std::uint8_t { kKey = 0, kValue = 1, kBoth = 2, kTables = 3 };

// A block of layers × rows × {K, V}, decodable on its own with the manifest (and the tables, where chunk 0
// holds some). Rows index into the position set that all layers of the chunk share.
struct ChunkInfo {
  Digest digest;                 // SHA-256 of the payload
  std::uint32_t size_bytes = 0;  // payload, at least 1
  std::uint32_t layer_begin = 0;
  std::uint32_t layer_count = 0;
  std::uint32_t row_begin = 0;
  std::uint32_t row_count = 0;
  TensorPart tensor = TensorPart::kBoth;
  std::uint8_t level = 0;  // which of several encodings of the same block
  bool refines = false;    // adds to the level below instead of replacing it
  float importance = 0;    // finite; the table is in descending order of what matters

  bool operator==(const ChunkInfo&) const = default;
};

inline constexpr std::size_t kChunksPerPage = 128;
inline constexpr std::size_t kMaxPageBytes = kChunksPerPage * (Digest::kBytes + 5 * 4 + 2 + 4);

// One page: the entries one after the other, digest, five varints, kind, level, importance.
[[nodiscard]] Bytes serialize_page(std::span<const ChunkInfo> entries);
// Appends exactly `count` entries; refuses trailing bytes and values out of range.
[[nodiscard]] Result<void> parse_page(ByteView page, std::size_t count, std::vector<ChunkInfo>& out);

}  // namespace kvferry
