// SPDX-License-Identifier: MIT
#include "scenarios/lab/tables/calibrations.h"

#include "codec/encoder.h"
#include "scenarios/lab/shipment.h"

namespace kvferry {
namespace {

constexpr int kQuestions = 64;  // eight documents

// Static tables depend on what symbols look like, not on which rows travel.
Preset without_selection(Preset preset) {
  preset.select = {};
  preset.layers = {};
  return preset;
}

Result<Calibration> with_tables(const Reader& reader, Calibration calibration,
                                std::span<const KvCache> caches, std::span<const Preset> presets) {
  EncodeOptions options;
  options.model = reader.identity();
  const auto loaded = load_calibration(calibration.serialize());
  if (!loaded) return loaded.error();
  options.calibration = *loaded;
  for (const auto& preset : presets) {
    const bool known = calibration.models_of(symbol_pipeline(preset)) != nullptr;
    if (preset.entropy.coder != EntropyCoder::kRansStatic || known) continue;
    options.preset = without_selection(preset);
    auto models = calibrate_symbols(caches, options);
    if (!models) return models.error().in(to_string(preset));
    calibration.pipelines.push_back(std::move(*models));
  }
  return calibration;
}

}  // namespace

std::vector<Document> draw_calibration_documents(const QuestionSet& set, uint64_t seed) {
  return draw_documents(set, kQuestions, derived_seed(seed, "calibration"));
}

Result<std::vector<KvCache>> read_caches(const Reader& reader, const std::vector<Document>& documents) {
  std::vector<KvCache> caches;
  for (const auto& document : documents) {
    auto cache = reader.prefill(document.text);
    if (!cache) return cache.error();
    caches.push_back(std::move(*cache));
  }
  return caches;
}

Result<Calibration> calibrate_reader(const Reader& reader, std::span<const KvCache> caches, size_t max_rank) {
  return calibrate(caches, reader.config().rope_theta, reader.identity().weights, max_rank);
}

Result<std::shared_ptr<const LoadedCalibration>> calibrate_for(const Reader& reader, const QuestionSet& set,
                                                               std::span<const Preset> presets,
                                                               uint64_t seed) {
  const auto caches = read_caches(reader, draw_calibration_documents(set, seed));
  if (!caches) return caches.error();
  auto calibration = calibrate_reader(reader, *caches, reader.geometry().channels());
  if (!calibration) return calibration.error();
  auto complete = with_tables(reader, std::move(*calibration), *caches, presets);
  if (!complete) return complete.error();
  return load_calibration(complete->serialize());
}

}  // namespace kvferry
