// SPDX-License-Identifier: MIT
//
// Parameters and symbols back to numbers, row by row. What dequantize() and decode_block()
// share.
#pragma once

#include <cstdint>
#include <vector>

#include "codec/quant/spec.h"
#include "codec/quant/symbol_rows.h"
#include "protocol/base/result.h"

namespace kvferry {

// Kinds kAffine, kSymmetric and kRotated. parameters: parameter_count() FP16 numbers. out:
// FP32, or the same rounded to FP16. The error names the parameter or the symbol.
[[nodiscard]] Result<void> decode_rows(const QuantSpec& spec, const BlockShape& shape,
                                       const std::uint16_t* parameters, SymbolSource& source,
                                       std::vector<float>& work, float* out);
[[nodiscard]] Result<void> decode_rows(const QuantSpec& spec, const BlockShape& shape,
                                       const std::uint16_t* parameters, SymbolSource& source,
                                       std::vector<float>& work, std::uint16_t* out);

}  // namespace kvferry
