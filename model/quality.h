// SPDX-License-Identifier: MIT
//
// What a reader demands of a card's measured divergence, and what a writer is told about it.
#pragma once

#include <optional>
#include <string>

#include "codec/preset.h"
#include "protocol/base/result.h"
#include "protocol/card/manifest.h"

namespace kvferry {

// The least that a reader accepts; nothing: anything.
struct QualityFloor {
  std::optional<double> max_kl = {};    // nats a token
  std::optional<double> min_top1 = {};  // share, 0 .. 1
};

// The error says how far below the floor the card is, or that nobody has measured it.
[[nodiscard]] Result<void> check_floor(const std::optional<Divergence>& measured, const QualityFloor& floor);

// The same of a part of a card, of which the first `chunks` have come: by the card's curve. The floor is
// rounded to FP32, as the curve is.
[[nodiscard]] Result<void> check_part(const QualityCurve& curve, std::uint32_t chunks,
                                      const QualityFloor& floor);

// Beyond these, quantization to 4 bits or fewer hurts a model more than it is worth.
inline constexpr double kBearableKl = 0.05;
inline constexpr double kBearableTop1 = 0.99;

// One line where a preset that gives some numbers 4 bits or fewer measured beyond them, such as "this
// model does not bear 'quant=int2': ...".
[[nodiscard]] std::optional<std::string> low_bits_warning(const Preset& preset, const Divergence& measured);

}  // namespace kvferry
