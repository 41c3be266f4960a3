// SPDX-License-Identifier: MIT
//
// Blocks made and read where nothing may go wrong.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "codec/quant/block.h"
#include "tests/codec/specs.h"

namespace kvferry::testing {

inline std::vector<std::uint8_t> encode(const QuantSpec& spec, const KvView& view) {
  const BlockShape shape{view.rows, view.heads, view.head_dim};
  BlockScratch scratch;
  std::vector<std::uint8_t> out(block_bytes(spec, shape), 0xee);
  const auto encoded = encode_block(spec, view, 0, scratch, out.data());
  EXPECT_TRUE(encoded.ok()) << to_string(spec);
  return out;
}

inline std::vector<std::uint16_t> decode(const QuantSpec& spec, const BlockShape& shape,
                                         const std::vector<std::uint8_t>& bytes) {
  BlockScratch scratch;
  std::vector<std::uint16_t> out(shape.elements(), 0xeeee);
  const auto decoded = decode_block(spec, shape, bytes.data(), scratch, out.data());
  EXPECT_TRUE(decoded.ok()) << to_string(spec);
  return out;
}

}  // namespace kvferry::testing
