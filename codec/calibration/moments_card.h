// SPDX-License-Identifier: MIT
//
// A model's moments as a card, for readers whose model is another: FORMAT.md, "Moments".
#pragma once

#include "codec/calibration/moments.h"
#include "protocol/base/result.h"
#include "protocol/card/card.h"

namespace kvferry {

// How a request names this card in the place of a preset.
inline constexpr const char* kMomentsPreset = "moments";

// `moments` are of the model's caches. Rounded to FP16.
[[nodiscard]] Card encode_moments(const ModelMoments& moments, const ModelIdentity& model);

// Of the model that the card names. Digests are not checked. The error says which number is none, or what
// else the card is.
[[nodiscard]] Result<ModelMoments> decode_moments(const Card& card);

}  // namespace kvferry
