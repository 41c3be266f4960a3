// SPDX-License-Identifier: MIT
//
// Numbers <-> parameters (scales, zeros, norms) and symbols, for every kind but fp16 and
// components. Values are FP32, contiguous [row][column], finite and within FP16's range.
// The arithmetic is part of the format (FORMAT.md): FP32, each operation rounded on its
// own, half to even, no fused multiply-add; every processor gives the same bytes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "codec/quant/spec.h"
#include "protocol/base/result.h"

namespace kvferry {

[[nodiscard]] std::size_t parameter_bytes(const QuantSpec& spec, const BlockShape& shape);

// symbols: one a byte, shape.elements() of them.
void quantize(const QuantSpec& spec, const BlockShape& shape, const float* values, std::uint8_t* parameters,
              std::uint8_t* symbols);

// The error names the parameter, or the first symbol outside the alphabet. Values are finite
// and within +-65504.
[[nodiscard]] Result<void> dequantize(const QuantSpec& spec, const BlockShape& shape,
                                      const std::uint8_t* parameters, const std::uint8_t* symbols,
                                      float* values);

}  // namespace kvferry
