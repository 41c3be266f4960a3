// SPDX-License-Identifier: MIT
//
// How one block (the K or the V of one layer, some rows of it) is coded: what is done to its
// numbers, then how they are quantized. Three bytes in a chunk's header.
#pragma once

#include "codec/preset.h"
#include "codec/quant/spec.h"
#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

namespace kvferry {

struct BlockCoding {
  QuantSpec spec;
  bool undo_rope = false;
  ColumnTransform columns = ColumnTransform::kNone;

  [[nodiscard]] bool has_transform() const { return undo_rope || columns != ColumnTransform::kNone; }
  friend bool operator==(const BlockCoding&, const BlockCoding&) = default;
};

inline constexpr std::size_t kBlockCodingBytes = 3;

void put_block_coding(const BlockCoding& coding, Bytes& out);

// bytes is kBlockCodingBytes long. Refuses what no writer makes; the error names the field.
[[nodiscard]] Result<BlockCoding> parse_block_coding(ByteView bytes);

}  // namespace kvferry
