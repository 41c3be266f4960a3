// SPDX-License-Identifier: MIT
//
// KvCache -> Card, as a preset says.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "codec/calibration/calibration.h"
#include "codec/kv_cache.h"
#include "codec/preset.h"
#include "codec/select/scores.h"
#include "protocol/base/result.h"
#include "protocol/card/card.h"

namespace kvferry {

// Measures what encoding cost: is given the cache as a receiver will decode it.
using QualityProbe = std::function<Result<Divergence>(const KvCache& decoded)>;

// At most so many words of the document's facts.
using FactSource = std::function<Result<std::string>(std::uint32_t words)>;

struct EncodeOptions {
  Preset preset;
  ModelIdentity model;                                   // its geometry must be the cache's
  std::uint64_t seed = 0;                                // of random selection and allocation
  AttentionSource scores;                                // asked for what the preset needs
  FactSource facts;                                      // asked when the preset sends a summary
  std::shared_ptr<const LoadedCalibration> calibration;  // where the preset needs one
  QualityProbe probe;                                    // optional; what it returns goes into the manifest
};

// Sizes after each stage.
struct EncodeStats {
  std::uint64_t full_bytes = 0;      // FP16, all positions and layers
  std::uint64_t selected_bytes = 0;  // FP16, what is kept
  std::uint64_t body_bytes = 0;      // quantized, with scales
  std::uint64_t payload_bytes = 0;   // entropy-coded, with chunk headers and tables
  std::uint64_t card_bytes = 0;      // the card file: all of it
  std::size_t rows = 0;              // before selection
  std::size_t rows_kept = 0;         // of the layers that are sent
  std::size_t chunks = 0;
};

// A preset that selects rows or layers first copies what it keeps; others take no memory to speak of beside
// the cache and the card. Same cache, options and scores, same bytes. Chunks stand in the order of
// plan_chunks(), after the tables where there are some. Errors: geometry other than the model's, scores,
// facts or calibration missing or malformed, a value that is not finite (named by layer, tensor and row), or
// what the probe returned.
[[nodiscard]] Result<Card> encode(const KvCache& cache, const EncodeOptions& options,
                                  EncodeStats* stats = nullptr);

// Static tables for a preset, from caches like those that it will code. options is as for encode(),
// with a calibration if the preset's transform needs one; the preset's entropy stage is not looked at.
[[nodiscard]] Result<PipelineModels> calibrate_symbols(std::span<const KvCache> caches,
                                                       const EncodeOptions& options);

}  // namespace kvferry
