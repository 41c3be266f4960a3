// SPDX-License-Identifier: MIT
#include "scenarios/lab/tables/calibrations.h"

#include <algorithm>

#include "codec/encoder.h"
#include "codec/planes/plane_plan.h"
#include "model/attention.h"
#include "model/metric.h"
#include "scenarios/lab/shipment.h"

namespace kvferry {
namespace {

constexpr int kQuestions = 64;           // eight documents
constexpr size_t kMetricQuestions = 12;  // of each document

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

// What progressive cards need, from documents of every question set.
Result<void> add_planes(const Reader& reader, std::span<const KvCache> caches,
                        const std::vector<Document>& documents, uint64_t seed, Calibration& calibration) {
  std::vector<Document> asked;
  for (const auto& set : question_sets()) {
    const auto drawn = draw_calibration_documents(set, seed);
    asked.insert(asked.end(), drawn.begin(), drawn.end());
  }
  const auto metric = measure_metric(reader, asked, kMetricQuestions);
  if (!metric) return metric.error();
  std::vector<std::vector<uint8_t>> delays;
  for (size_t i = 0; i < caches.size(); ++i) {
    const auto scores = make_attention_source(reader, caches[i], {.document = documents[i].text});
    const auto peaks = scores(AttentionScore::kTemplatesPeak);
    if (!peaks) return peaks.error();
    delays.push_back(row_delays(*peaks));
  }
  return calibrate_planes(calibration, *metric, caches, delays);
}

bool any_progressive(std::span<const Preset> presets) {
  return std::any_of(presets.begin(), presets.end(), [](const Preset& p) { return p.is_progressive(); });
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
  const auto documents = draw_calibration_documents(set, seed);
  const auto caches = read_caches(reader, documents);
  if (!caches) return caches.error();
  auto calibration = calibrate_reader(reader, *caches, reader.geometry().channels());
  if (!calibration) return calibration.error();
  if (any_progressive(presets)) {
    auto added = add_planes(reader, *caches, documents, seed, *calibration);
    if (!added) return added.error();
  }
  auto complete = with_tables(reader, std::move(*calibration), *caches, presets);
  if (!complete) return complete.error();
  return load_calibration(complete->serialize());
}

}  // namespace kvferry
