// SPDX-License-Identifier: MIT
//
// What a model's caches have in common, measured once and shipped once: principal components,
// symbol statistics, sensitivities, moments. A card that was made with a calibration names its
// digest; who decodes needs the same file. File ending `.calibration`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "codec/calibration/moments.h"
#include "codec/entropy/symbol_model.h"
#include "codec/kv_cache.h"
#include "codec/planes/plane_calibration.h"
#include "codec/quant/spec.h"
#include "codec/transform/basis.h"
#include "protocol/base/bytes.h"
#include "protocol/base/digest.h"
#include "protocol/base/result.h"

namespace kvferry {

struct LayerCalibration {
  LinearBasis key_basis, value_basis;  // K before RoPE; rank may be below the channels
  Moments key_moments, value_moments;
  float sensitivity = 0;  // of K plus of V: squared error at 4 bits a tensor, over squared norm
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
  static constexpr std::uint64_t kMaxFileBytes = std::uint64_t{1} << 30;
  static constexpr std::uint32_t kMaxPipelines = 256;
  static constexpr std::size_t kMaxPipelineBytes = 1024;  // of a pipeline's text

  KvGeometry geometry;
  double rope_theta = 0;
  Digest weights;  // of the model it was measured on
  std::vector<LayerCalibration> layers;
  std::vector<PipelineModels> pipelines;
  std::optional<PlaneCalibration> planes;

  // Null where that pipeline was not measured.
  [[nodiscard]] const PipelineModels* models_of(const std::string& pipeline) const;
  [[nodiscard]] ModelMoments moments() const;

  // FORMAT.md, "Calibration files". Basis vectors are stored as FP16, which calibrate() has rounded them to:
  // parse(serialize()) gives the same calibration, serialize(parse()) the same bytes.
  [[nodiscard]] Bytes serialize() const;
  // Bounded by what the bytes themselves pay for; the error names the field and its layer.
  [[nodiscard]] static Result<Calibration> parse(ByteView bytes);
  friend bool operator==(const Calibration&, const Calibration&) = default;
};

// A calibration and the digest (SHA-256 of its bytes) by which cards name it.
class LoadedCalibration {
 public:
  LoadedCalibration(Calibration loaded, const Digest& its_digest)
      : calibration(std::move(loaded)), digest(its_digest) {}

  const Calibration calibration;
  const Digest digest;

  // What writers of progressive cards need beside the planes, which must be there: made when first asked for.
  // From any thread.
  [[nodiscard]] const PlaneDuals& duals() const;

 private:
  mutable std::once_flag duals_made_;
  mutable PlaneDuals duals_;
};
[[nodiscard]] Result<std::shared_ptr<const LoadedCalibration>> load_calibration(ByteView bytes);
// The error begins with the file's name.
[[nodiscard]] Result<std::shared_ptr<const LoadedCalibration>> read_calibration_file(
    const std::filesystem::path& file);

// Bases of up to max_rank components, moments and sensitivities from full caches of one model, without
// pipelines. Components that hold less than FP16's rounding loses (2^-23 of the variance together) are left
// out: a model with fewer hidden dimensions than channels has no more. Encoder and decoder compute with the
// numbers that are stored. The error names cache, layer and
// what is wrong with it.
[[nodiscard]] Result<Calibration> calibrate(std::span<const KvCache> caches, double rope_theta,
                                            const Digest& weights, std::size_t max_rank);

// Adds what progressive cards need: bases of the calibration's components in the metric, and tables from
// these caches. delays: of every position of each cache (row_delays()). The error is of a cache that is not
// finite.
[[nodiscard]] Result<void> calibrate_planes(Calibration& calibration, const AnswerMetric& metric,
                                            std::span<const KvCache> caches,
                                            std::span<const std::vector<std::uint8_t>> delays);

}  // namespace kvferry
