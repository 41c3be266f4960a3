// SPDX-License-Identifier: MIT
//
// KvCache -> Card: selection, quantization and entropy coding as a preset says.
#pragma once

#include <cstdint>
#include <functional>

#include "codec/kv_cache.h"
#include "codec/preset.h"
#include "codec/select/select.h"
#include "protocol/base/result.h"
#include "protocol/card/card.h"

namespace kvferry {

// Measures what encoding cost: is given the cache as a receiver will decode it.
using QualityProbe = std::function<Result<Divergence>(const KvCache& decoded)>;

struct EncodeOptions {
  Preset preset;
  ModelIdentity model;     // its geometry must be the cache's
  std::uint64_t seed = 0;  // of random selection
  ScoreSource scores;      // asked when the preset's selection needs scores
  QualityProbe probe;      // optional; what it returns goes into the manifest
};

// Sizes after each stage.
struct EncodeStats {
  std::uint64_t full_bytes = 0;      // FP16, all positions
  std::uint64_t selected_bytes = 0;  // FP16, kept positions
  std::uint64_t body_bytes = 0;      // quantized, with scales
  std::uint64_t payload_bytes = 0;   // entropy-coded, with chunk headers
  std::uint64_t card_bytes = 0;      // the card file: all of it
  std::size_t rows = 0;              // of layer 0, before selection
  std::size_t rows_kept = 0;         // of layer 0
  std::size_t chunks = 0;
};

// Same cache, options and scores, same bytes. Chunks stand in the order of plan_chunks().
// Errors: geometry other than the model's, scores missing or malformed, a value that is
// not finite (named by layer, tensor and row), or what the probe returned.
[[nodiscard]] Result<Card> encode(const KvCache& cache, const EncodeOptions& options,
                                  EncodeStats* stats = nullptr);

}  // namespace kvferry
