// SPDX-License-Identifier: MIT
//
// One tensor (K or V) of one layer in one chunk, as bytes: scales, zeros and packed
// codes, or plain FP16. FORMAT.md, "Tensor".
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "codec/kv_cache.h"
#include "codec/preset.h"
#include "codec/quant/spec.h"
#include "protocol/base/result.h"

namespace kvferry {

[[nodiscard]] std::size_t tensor_size_bytes(const QuantStage& quant, KvTensor tensor,
                                            const KvGeometry& geometry, std::size_t rows);

// Working memory that lasts from one tensor to the next.
struct TensorScratch {
  std::vector<float> values;
  std::vector<std::uint16_t> halves;
  std::vector<std::uint8_t> codes;
};

// Appends tensor_size_bytes() to out. The error names the first row that holds NaN, an
// infinity or a value beyond FP16's range, counting from first_row.
[[nodiscard]] Result<void> encode_tensor(const QuantStage& quant, KvTensor tensor, const KvView& view,
                                         std::size_t first_row, TensorScratch& scratch,
                                         std::vector<std::uint8_t>& out);

// bytes is tensor_size_bytes() long; out has rows * channels values, which are finite
// afterwards. The error names the field that is wrong.
[[nodiscard]] Result<void> decode_tensor(const QuantStage& quant, KvTensor tensor, const KvGeometry& geometry,
                                         std::size_t rows, std::span<const std::uint8_t> bytes,
                                         TensorScratch& scratch, std::span<std::uint16_t> out);

}  // namespace kvferry
