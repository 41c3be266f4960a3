// SPDX-License-Identifier: MIT
//
// Caches with structure, as a model's have: columns that hang together, and a metric in which few directions
// matter. And a calibration for them.
#pragma once

#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "codec/decoder.h"
#include "codec/planes/plane_plan.h"
#include "codec/transform/rope.h"
#include "tests/codec/caches.h"

namespace kvferry::testing {

inline constexpr double kTheta = 1e6;

// [rank][columns], the same for every seed of a cache.
inline std::vector<float> mixing(std::size_t rank, std::size_t columns, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<float> matrix(rank * columns);
  for (std::size_t i = 0; i < matrix.size(); ++i) {
    matrix[i] = gaussian(rng) / static_cast<float>(1 + i / columns);  // later ones matter less
  }
  return matrix;
}

// Rows are sums of a third as many sources as there are columns. Rows of different loudness.
inline KvCache structured_cache(KvGeometry geometry, std::uint32_t tokens, std::uint64_t seed = 1) {
  KvCache cache = *KvCache::create_full(geometry, tokens);
  Rng rng(seed);
  const std::size_t columns = geometry.channels();
  const std::size_t rank = std::max<std::size_t>(columns / 3, 1);
  for (std::uint32_t layer = 0; layer < geometry.layers; ++layer) {
    for (const KvTensor tensor : {KvTensor::kKey, KvTensor::kValue}) {
      const bool is_key = tensor == KvTensor::kKey;
      const auto matrix = mixing(rank, columns, 100 + layer * 2 + static_cast<std::uint64_t>(tensor));
      std::vector<float> numbers(tokens * columns, is_key ? 1.0F : 0.0F);
      for (std::size_t row = 0; row < tokens; ++row) {
        const float loudness = 0.5F + static_cast<float>(rng.uniform());
        for (std::size_t k = 0; k < rank; ++k) {
          const float source = loudness * gaussian(rng);
          for (std::size_t c = 0; c < columns; ++c) {
            numbers[row * columns + c] += source * matrix[k * columns + c];
          }
        }
      }
      if (is_key)
        redo_rope(numbers.data(), cache.positions(layer), geometry.kv_heads, geometry.head_dim, kTheta);
      const auto out = is_key ? cache.key_data(layer) : cache.value_data(layer);
      for (std::size_t i = 0; i < numbers.size(); ++i) out[i] = float_to_half(numbers[i]);
    }
  }
  return cache;
}

inline constexpr double kEverywhere = 0.01;
inline constexpr std::size_t kDirections = 3;
inline std::vector<float> sample_directions(std::size_t columns, std::size_t tensor) {
  return mixing(kDirections, columns, 900 + tensor);
}

// A metric that looks at three directions and a little at all.
inline AnswerMetric sample_metric(const KvGeometry& geometry) {
  AnswerMetric metric;
  const std::size_t n = geometry.channels();
  for (std::size_t i = 0; i < 2 * std::size_t{geometry.layers}; ++i) {
    const auto directions = sample_directions(n, i);
    std::vector<double> matrix(n * n);
    for (std::size_t r = 0; r < n; ++r) {
      matrix[r * n + r] = kEverywhere;
      for (std::size_t c = 0; c < n; ++c) {
        for (std::size_t k = 0; k < kDirections; ++k) {
          matrix[r * n + c] += static_cast<double>(directions[k * n + r] * directions[k * n + c]);
        }
      }
    }
    metric.matrices.push_back(std::move(matrix));
  }
  return metric;
}

// One score a row, as attention is: few high ones.
inline std::vector<float> sample_energy(std::uint32_t tokens, std::uint64_t seed = 5) {
  Rng rng(seed);
  std::vector<float> energy;
  for (std::uint32_t i = 0; i < tokens; ++i) energy.push_back(std::exp(2 * gaussian(rng)));
  return energy;
}

inline std::shared_ptr<const LoadedCalibration> calibration_for(const KvGeometry& geometry) {
  const std::vector<KvCache> caches = {structured_cache(geometry, 200, 77),
                                       structured_cache(geometry, 150, 78)};
  Calibration calibration = *calibrate(caches, kTheta, Digest(), geometry.channels());
  const std::vector<std::vector<std::uint8_t>> delays = {row_delays(sample_energy(200)),
                                                         row_delays(sample_energy(150))};
  (void)calibrate_planes(calibration, sample_metric(geometry), caches, delays);
  return *load_calibration(calibration.serialize());
}

inline std::string progressive(int levels, const std::string& allocate = "delay:templates") {
  return "select=full | transform=rope+metric | quant=planes:" + std::to_string(levels) +
         " | allocate=" + allocate + " | entropy=rans:context";
}

inline EncodeOptions progressive_options(const KvCache& cache,
                                         std::shared_ptr<const LoadedCalibration> calibration,
                                         const std::string& preset) {
  EncodeOptions options = options_for(cache, preset);
  options.calibration = std::move(calibration);
  options.scores = [tokens = cache.token_count()](AttentionScore) -> Result<std::vector<float>> {
    return sample_energy(tokens);
  };
  return options;
}

// What an error costs, in the sample metric: of `cache` against `full`, over the rows that both have.
inline double cost_of(const KvCache& full, const KvCache& cache) {
  const KvGeometry& geometry = full.geometry();
  const std::size_t n = geometry.channels();
  double cost = 0;
  for (std::uint32_t layer = 0; layer < geometry.layers; ++layer) {
    for (const bool is_key : {true, false}) {
      const auto directions = sample_directions(n, layer * 2 + (is_key ? 0U : 1U));
      const auto theirs = is_key ? cache.key_data(layer) : cache.value_data(layer);
      const auto ours = is_key ? full.key_data(layer) : full.value_data(layer);
      std::vector<float> errors(theirs.size());
      for (std::size_t row = 0; row < cache.rows(layer); ++row) {
        const auto position = static_cast<std::size_t>(cache.positions(layer)[row]);
        for (std::size_t c = 0; c < n; ++c) {
          errors[row * n + c] = half_to_float(theirs[row * n + c]) - half_to_float(ours[position * n + c]);
        }
      }
      if (is_key)
        undo_rope(errors.data(), cache.positions(layer), geometry.kv_heads, geometry.head_dim, kTheta);
      for (std::size_t row = 0; row < cache.rows(layer); ++row) {
        const float* error = errors.data() + row * n;
        for (std::size_t c = 0; c < n; ++c) cost += kEverywhere * std::pow(static_cast<double>(error[c]), 2);
        for (std::size_t k = 0; k < kDirections; ++k) {
          double along = 0;
          for (std::size_t c = 0; c < n; ++c) along += static_cast<double>(directions[k * n + c] * error[c]);
          cost += along * along;
        }
      }
    }
  }
  return cost;
}

}  // namespace kvferry::testing
