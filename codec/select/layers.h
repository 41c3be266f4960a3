// SPDX-License-Identifier: MIT
//
// Which layers travel: Q-KVComm's hybrid score (2512.17914, mechanism 2). A layer that does
// not travel has no rows: its attention sees nothing of the document.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "codec/kv_cache.h"
#include "codec/preset.h"
#include "codec/select/scores.h"
#include "protocol/base/result.h"

namespace kvferry {

// S_l = alpha S_a + (1 - alpha) exp(-(l - mu L)^2 / (2 (sigma L)^2)), l from 0; alpha is 1 for
// the score `attention`, 0 for `gaussian`. attention: S_a of each layer; unused by gaussian.
[[nodiscard]] std::vector<double> layer_scores(const LayersStage& stage, std::span<const float> attention,
                                               std::size_t layers);

// Whether protect's `ends` covers this layer.
[[nodiscard]] bool is_protected_layer(const ProtectStage& protect, std::size_t layer, std::size_t layers);

// Ascending: the protected layers, then the highest scores until the ratio's share, rounded to
// nearest, halves up, and at least one is kept; of equal scores the earlier layer. source is
// asked for kLayers unless the score is all or gaussian.
[[nodiscard]] Result<std::vector<std::uint32_t>> select_layers(const LayersStage& stage,
                                                               const ProtectStage& protect,
                                                               std::size_t layers,
                                                               const AttentionSource& source);

// The same cache with these layers; the others have no rows.
[[nodiscard]] Result<KvCache> keep_layers(const KvCache& cache, std::span<const std::uint32_t> layers);

}  // namespace kvferry
