// SPDX-License-Identifier: MIT
//
// The straight way for blocks that need no transform and no entropy coding of their own:
// a strided view of any type to packed bytes, and packed bytes to FP16, in one pass where
// the kind has a fused kernel. The bytes are parameters, then packed symbols: the same as
// quantize() followed by pack_bits(), byte for byte. fp16 is two planes, low bytes first.
//
// A view on a GPU is encoded there when the build has CUDA, with the same bytes; `out` is then
// device memory too, as `in` and `out` of decoding are when the device says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "codec/kv_view.h"
#include "codec/quant/spec.h"
#include "protocol/base/result.h"

namespace kvferry {

// Working memory that lasts from one block to the next.
struct BlockScratch {
  std::vector<float> values;
  std::vector<std::uint16_t> halves;
  std::vector<std::uint8_t> symbols;
};

[[nodiscard]] std::size_t block_bytes(const QuantSpec& spec, const BlockShape& shape);

// Writes block_bytes() to out. The error names the first row that holds NaN, an infinity or
// a value beyond FP16's range, counting from first_row; or says that the build has no CUDA.
[[nodiscard]] Result<void> encode_block(const QuantSpec& spec, const KvView& view, std::size_t first_row,
                                        BlockScratch& scratch, std::uint8_t* out);

// Reads block_bytes() and writes shape.elements() finite FP16 values, [row][column].
[[nodiscard]] Result<void> decode_block(const QuantSpec& spec, const BlockShape& shape,
                                        const std::uint8_t* in, BlockScratch& scratch, std::uint16_t* out,
                                        Device device = Device::kCpu);

// What encoding says of a row that FP16 cannot hold.
[[nodiscard]] Error bad_row(std::size_t row);

}  // namespace kvferry
