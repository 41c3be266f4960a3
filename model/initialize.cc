// SPDX-License-Identifier: MIT
#include "model/initialize.h"

#include <ATen/CPUGeneratorImpl.h>

#include <cmath>

namespace kvferry {
namespace {

constexpr double kEmbeddingDeviation = 0.1;
constexpr double kResidualScale = 0.1;    // output and down projections
constexpr double kPositionalGain = 5.0;   // A: the logit of the wanted offset stands 6·A²/sqrt(C) high
constexpr int64_t kPositionalPairs = 6;   // fastest RoPE pairs that carry it
constexpr double kFirstLayerScale = 0.1;  // of the first layer's q and k weights, so that position rules

bool ends_with(const std::string& name, const std::string& end) {
  return name.size() >= end.size() && name.compare(name.size() - end.size(), end.size(), end) == 0;
}

// k = (A, 0) and q = A·exp(−i·d·θ) in each pair: after RoPE, q·k = A²·cos((m − d − n)·θ), largest at n = m −
// d.
void start_positional(const ModelConfig& c, LayerWeights& layer) {
  const auto half = c.head_dim / 2;
  const auto pairs = std::min(kPositionalPairs, half);
  layer.q.mul_(kFirstLayerScale);
  layer.k.mul_(kFirstLayerScale);
  auto q = layer.q_bias.view({c.num_heads, c.head_dim});
  auto k = layer.k_bias.view({c.num_kv_heads, c.head_dim});
  for (int64_t pair = 0; pair < pairs; ++pair) {
    const auto theta =
        std::pow(c.rope_theta, -2.0 * static_cast<double>(pair) / static_cast<double>(c.head_dim));
    k.select(1, pair).fill_(kPositionalGain);
    for (int64_t head = 0; head < c.num_heads; ++head) {
      const auto angle = static_cast<double>(head + 1) * theta;
      q[head][pair] = kPositionalGain * std::cos(angle);
      q[head][pair + half] = -kPositionalGain * std::sin(angle);
    }
  }
}

}  // namespace

DecoderWeights initialize_weights(const ModelConfig& config, uint64_t seed) {
  const auto generator = at::detail::createCPUGenerator(seed);
  DecoderWeights weights;
  for_each_weight(config, weights,
                  [&](const std::string& name, const std::vector<int64_t>& shape, at::Tensor& out) {
                    if (ends_with(name, "norm.weight")) {
                      out = at::ones(shape);
                    } else if (ends_with(name, ".bias")) {
                      out = at::zeros(shape);
                    } else {
                      double deviation = 1.0 / std::sqrt(static_cast<double>(shape[1]));
                      if (ends_with(name, "embed_tokens.weight")) deviation = kEmbeddingDeviation;
                      if (ends_with(name, "o_proj.weight") || ends_with(name, "down_proj.weight"))
                        deviation *= kResidualScale;
                      out = at::empty(shape).normal_(0.0, deviation, generator);
                    }
                  });
  if (config.qkv_bias) start_positional(config, weights.layers.front());
  return weights;
}

}  // namespace kvferry
