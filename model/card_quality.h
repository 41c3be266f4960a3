// SPDX-License-Identifier: MIT
//
// What a card is worth by a probe: whole, and for progressive cards beginning by beginning.
#pragma once

#include "codec/decoder.h"
#include "codec/encoder.h"

namespace kvferry {

struct CardQuality {
  Divergence whole;
  QualityCurve curve;  // of progressive cards; empty for others
};

// Points of a curve, unless there are fewer chunks.
inline constexpr size_t kCurvePoints = 24;

// The curve's beginnings are whole chunks; their bytes grow by about equal factors, from the first chunk to
// all. A progressive card is decoded once for all of them.
[[nodiscard]] Result<CardQuality> measure_quality(const Card& card, const DecodeOptions& decoding,
                                                  const QualityProbe& probe);

}  // namespace kvferry
