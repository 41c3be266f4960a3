// SPDX-License-Identifier: MIT
//
// What a model's caches have in common, measured once and shipped once: principal components,
// symbol statistics, sensitivities, moments. A card that was made with a calibration names its
// digest; who decodes needs the same file. File ending `.calibration`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "codec/entropy/symbol_model.h"
#include "codec/kv_cache.h"
#include "codec/quant/spec.h"
#include "codec/transform/transform.h"
#include "protocol/base/bytes.h"
#include "protocol/base/digest.h"
#include "protocol/base/result.h"

namespace kvferry {

// Mean and deviation of every channel, over all rows seen. K is taken before RoPE.
struct Moments {
  std::vector<float> mean;       // [channels]
  std::vector<float> deviation;  // [channels]
  friend bool operator==(const Moments&, const Moments&) = default;
};

struct LayerCalibration {
  LinearBasis key_basis, value_basis;  // K before RoPE; rank may be below the channels
  Moments key_moments, value_moments;
  float sensitivity = 0;  // relative squared error of the layer at 4 bits
  friend bool operator==(const LayerCalibration&, const LayerCalibration&) = default;
};

// Symbol statistics of one pipeline: for each layer K's, then V's; empty where that block's kind has no
// symbols.
struct PipelineModels {
  std::string pipeline;  // canonical text of its transform, quant and allocate stages
  std::vector<std::optional<SymbolModel>> models;  // [layer * 2 + tensor]
  friend bool operator==(const PipelineModels&, const PipelineModels&) = default;
};

struct Calibration {
  KvGeometry geometry;
  double rope_theta = 0;
  Digest weights;  // of the model it was measured on
  std::vector<LayerCalibration> layers;
  std::vector<PipelineModels> pipelines;

  [[nodiscard]] const PipelineModels* models_of(const std::string& pipeline) const;
  [[nodiscard]] Bytes serialize() const;
  // Bounded by what the bytes themselves pay for; the error names the field.
  [[nodiscard]] static Result<Calibration> parse(ByteView bytes);
  friend bool operator==(const Calibration&, const Calibration&) = default;
};

// A calibration and the digest (SHA-256 of its bytes) by which cards name it.
struct LoadedCalibration {
  Calibration calibration;
  Digest digest;
};
[[nodiscard]] Result<std::shared_ptr<const LoadedCalibration>> read_calibration_file(
    const std::filesystem::path& file);
[[nodiscard]] Result<std::shared_ptr<const LoadedCalibration>> load_calibration(Bytes bytes);

// Bases of up to max_rank components, moments and sensitivities from full caches of one model. No pipelines
// yet.
[[nodiscard]] Result<Calibration> calibrate(std::span<const KvCache> caches, double rope_theta,
                                            const Digest& weights, std::size_t max_rank);

// Q-KVComm's cross-model matching: (x - mean_s) / deviation_s * deviation_r + mean_r for every layer, channel
// by channel where geometries agree, otherwise by scalar statistics (averaged over channels); K before RoPE.
// Layers, heads and head sizes that differ are mapped: layer by relative depth, heads and dimensions cut or
// repeated.
[[nodiscard]] Result<KvCache> match_moments(const KvCache& sender_cache, const Calibration& sender,
                                            const Calibration& receiver);
// The same mapping of shapes without the statistics: what happens without calibration.
[[nodiscard]] Result<KvCache> match_shape(const KvCache& sender_cache, double sender_theta,
                                          KvGeometry receiver, double receiver_theta);

}  // namespace kvferry
