// SPDX-License-Identifier: MIT
//
// A view of any type to parameters and symbols, in two passes over rows that are in cache
// by the second: ranges, then symbols. What quantize() and encode_block() share.
#pragma once

#include <cstdint>
#include <vector>

#include "codec/kv_view.h"
#include "codec/quant/spec.h"
#include "codec/quant/symbol_rows.h"

namespace kvferry {

[[nodiscard]] inline BlockShape shape_of(const KvView& view) {
  return {view.rows, view.heads, view.head_dim};
}

// Kinds kAffine, kSymmetric and kRotated. parameters: parameter_count() FP16 numbers, scales
// before zeros. work: memory that lasts from one block to the next. False if a value is not
// finite or beyond FP16's range; what was written is then undefined.
[[nodiscard]] bool encode_rows(const QuantSpec& spec, const KvView& view, std::vector<float>& work,
                               std::uint16_t* parameters, SymbolSink& sink);

}  // namespace kvferry
