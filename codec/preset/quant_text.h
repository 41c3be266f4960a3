// SPDX-License-Identifier: MIT
//
// Quantizers as a preset writes them: `int4`, `int4:sym:token`, `q8_0/fwht3`.
#pragma once

#include <string>

#include "codec/preset.h"
#include "codec/preset/words.h"

namespace kvferry {

// What follows `quant=`.
[[nodiscard]] Result<void> parse_quant(const Word& value, Preset& preset);

// How a symmetric quantizer is written where both names fit: int4:sym is bins16.
enum class SymmetricName : std::uint8_t { kInt, kBins };

[[nodiscard]] std::string quant_text(const QuantStage& stage, SymmetricName name);

}  // namespace kvferry
