// SPDX-License-Identifier: MIT
#include "tests/fuzz/sample_cards.h"

#include <algorithm>
#include <utility>

#include "tests/codec/progressive_cards.h"
#include "tests/fuzz/target.h"

namespace kvferry::fuzz {
namespace {

constexpr const char* kPresets[] = {
    "quant=fp16",
    "quant=int4:8",
    "quant=int8:8 | entropy=zstd",
    "quant=q8_0/fwht3",
    "protect=first=2:fp16 | quant=int3:sym:token | entropy=rans:card",
    "transform=anchor:4 | quant=bins16:token | entropy=rans:adaptive",
    "transform=rope+svd:4 | quant=int4:8",
    "transform=rope | quant=int4:8 | entropy=rans:static",
    "transform=rope+pca | quant=pca:3",
    "transform=rope+metric | quant=planes:5 | allocate=delay:h2o | entropy=rans:context",
};

KvCache sample_cache() { return testing::gaussian_cache({2, 1, 8}, 20); }

std::vector<float> sample_scores() { return testing::sample_energy(sample_cache().token_count()); }

EncodeOptions options_for(const char* preset) {
  EncodeOptions options = testing::options_for(sample_cache(), preset);
  options.scores = [](AttentionScore) -> Result<std::vector<float>> { return sample_scores(); };
  return options;
}

Calibration calibration() {
  const KvCache cache = sample_cache();
  auto made = calibrate(std::span(&cache, 1), 1e6, options_for("fp16").model.weights, 6);
  require(made.ok(), "a calibration is made");
  auto models = calibrate_symbols(std::span(&cache, 1), options_for(kPresets[7]));
  require(models.ok(), "static tables are made");
  made->pipelines.push_back(std::move(*models));
  const std::vector<std::vector<std::uint8_t>> delays = {row_delays(sample_scores())};
  const auto metric = testing::sample_metric(cache.geometry());
  require(calibrate_planes(*made, metric, std::span(&cache, 1), delays).ok(), "planes are calibrated");
  return std::move(*made);
}

}  // namespace

const std::shared_ptr<const LoadedCalibration>& sample_calibration() {
  static const auto kCalibration = *load_calibration(calibration().serialize());
  return kCalibration;
}

const std::vector<Card>& sample_cards() {
  static const std::vector<Card> kCards = [] {
    std::vector<Card> cards;
    for (const char* preset : kPresets) {
      EncodeOptions options = options_for(preset);
      options.calibration = sample_calibration();
      auto card = encode(sample_cache(), options);
      require(card.ok(), preset);
      cards.push_back(std::move(*card));
    }
    return cards;
  }();
  return kCards;
}

bool is_finite(const KvCache& cache) {
  for (std::uint32_t layer = 0; layer < cache.geometry().layers; ++layer) {
    if (!std::ranges::all_of(cache.key_data(layer), half_is_finite)) return false;
    if (!std::ranges::all_of(cache.value_data(layer), half_is_finite)) return false;
  }
  return true;
}

}  // namespace kvferry::fuzz
