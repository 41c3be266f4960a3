// SPDX-License-Identifier: MIT
#include "codec/select/layers.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "codec/select/select.h"

namespace kvferry {

std::vector<double> layer_scores(const LayersStage& stage, std::span<const float> attention,
                                 std::size_t layers) {
  double alpha = stage.alpha;
  if (stage.score == LayerScore::kAttention) alpha = 1;
  if (stage.score == LayerScore::kGaussian) alpha = 0;
  const auto depth = static_cast<double>(layers);
  std::vector<double> scores(layers);
  for (std::size_t layer = 0; layer < layers; ++layer) {
    const double deviations = (static_cast<double>(layer) - stage.mu * depth) / (stage.sigma * depth);
    scores[layer] = (1 - alpha) * std::exp(-0.5 * deviations * deviations);
    if (alpha > 0) scores[layer] += alpha * static_cast<double>(attention[layer]);
  }
  return scores;
}

bool is_protected_layer(const ProtectStage& protect, std::size_t layer, std::size_t layers) {
  return layer < protect.ends || layers - layer <= protect.ends;
}

Result<std::vector<std::uint32_t>> select_layers(const LayersStage& stage, const ProtectStage& protect,
                                                 std::size_t layers, const AttentionSource& source) {
  std::vector<std::uint32_t> order(layers);
  std::iota(order.begin(), order.end(), 0U);
  if (stage.score == LayerScore::kAll) return order;
  std::vector<float> attention;
  if (stage.score != LayerScore::kGaussian) {
    auto asked = ask_scores(source, AttentionScore::kLayers, "layers", layers);
    if (!asked) return asked.error();
    attention = std::move(*asked);
  }
  const std::vector<double> scores = layer_scores(stage, attention, layers);
  std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
    const bool first = is_protected_layer(protect, a, layers);
    const bool second = is_protected_layer(protect, b, layers);
    return first != second ? first : scores[a] > scores[b];
  });
  const auto share = static_cast<std::size_t>(std::floor(stage.ratio * static_cast<double>(layers) + 0.5));
  const std::size_t ends = std::min(layers, 2 * std::size_t{protect.ends});
  order.resize(std::max({std::size_t{1}, ends, share}));
  std::sort(order.begin(), order.end());
  return order;
}

Result<KvCache> keep_layers(const KvCache& cache, std::span<const std::uint32_t> layers) {
  std::vector<std::vector<std::int32_t>> positions(cache.geometry().layers);
  for (const std::uint32_t layer : layers) {
    if (layer >= positions.size()) {
      return Error{"select: layer " + std::to_string(layer) + ", expected below " +
                   std::to_string(positions.size())};
    }
    positions[layer].assign(cache.positions(layer).begin(), cache.positions(layer).end());
  }
  auto part = KvCache::create(cache.geometry(), std::move(positions), cache.token_count());
  if (!part) return part;
  for (const std::uint32_t layer : layers) {
    std::ranges::copy(cache.key_data(layer), part->key_data(layer).begin());
    std::ranges::copy(cache.value_data(layer), part->value_data(layer).begin());
  }
  return part;
}

}  // namespace kvferry
