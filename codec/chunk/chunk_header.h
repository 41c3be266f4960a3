// SPDX-License-Identifier: MIT
//
// The head of a chunk's payload: the entropy coder, which rows belong to which segment, and
// how each block is coded. FORMAT.md, "Payload".
#pragma once

#include <cstdint>
#include <vector>

#include "codec/chunk/block_coding.h"
#include "codec/preset.h"
#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "protocol/base/varint.h"

namespace kvferry {

inline constexpr std::size_t kMaxSegments = 4;

// What a chunk is made of: segments (rows that are coded alike), each with a block for K and
// for V of every layer.
struct ChunkHeader {
  EntropyCoder coder = EntropyCoder::kNone;
  std::uint32_t segments = 1;
  std::vector<std::uint8_t> row_segment;  // [rows]; all 0 when there is one segment
  std::vector<BlockCoding> codings;       // [segment][K, V][layer]

  [[nodiscard]] const BlockCoding& coding(std::size_t segment, KvTensor tensor, std::size_t layer) const {
    const std::size_t layers = codings.size() / (2 * segments);
    return codings[(segment * 2 + static_cast<std::size_t>(tensor)) * layers + layer];
  }
  // Rows of one segment, ascending.
  [[nodiscard]] std::vector<std::uint32_t> rows_of(std::size_t segment) const;

  void serialize(Bytes& out) const;
  // Leaves `in` after the header. layers and rows are the chunk's.
  [[nodiscard]] static Result<ChunkHeader> parse(ByteReader& in, std::size_t layers, std::size_t rows);
};

}  // namespace kvferry
