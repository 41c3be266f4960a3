// SPDX-License-Identifier: MIT
#include "model/adamw.h"

#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>

namespace kvferry {
namespace {

constexpr double kBeta1 = 0.9;
constexpr double kBeta2 = 0.98;
constexpr double kEpsilon = 1e-8;
constexpr double kWeightDecay = 0.01;
constexpr double kMaxGradientNorm = 1.0;

}  // namespace

AdamW::AdamW(const ModelConfig& config, DecoderWeights& weights) {
  int64_t total = 0;
  for_each_weight(config, weights, [&](const std::string&, const std::vector<int64_t>&, at::Tensor& w) {
    total += w.numel();
  });
  values_ = at::empty({total});
  gradient_ = at::zeros({total});
  mean_ = at::zeros({total});
  square_ = at::zeros({total});
  decayed_ = at::zeros({total});
  int64_t at = 0;
  for_each_weight(config, weights, [&](const std::string&, const std::vector<int64_t>& shape, at::Tensor& w) {
    const auto size = w.numel();
    auto place = values_.narrow(0, at, size).view(shape);
    place.copy_(w.detach());
    if (shape.size() > 1) decayed_.narrow(0, at, size).fill_(1.0);  // matrices decay, norms and biases do not
    w = place.detach().requires_grad_(true);
    w.mutable_grad() = gradient_.narrow(0, at, size).view(shape);
    at += size;
  });
}

double AdamW::step(double learning_rate) {
  c10::NoGradGuard no_grad;
  ++steps_;
  const auto norm = gradient_.norm().item<double>();
  if (norm > kMaxGradientNorm) gradient_.mul_(kMaxGradientNorm / norm);
  mean_.mul_(kBeta1).add_(gradient_, 1 - kBeta1);
  square_.mul_(kBeta2).addcmul_(gradient_, gradient_, 1 - kBeta2);
  const auto correction1 = 1 - std::pow(kBeta1, static_cast<double>(steps_));
  const auto correction2 = 1 - std::pow(kBeta2, static_cast<double>(steps_));
  const auto spread = square_.div(correction2).sqrt_().add_(kEpsilon);
  values_.addcmul_(values_, decayed_, -learning_rate * kWeightDecay);
  values_.addcdiv_(mean_, spread, -learning_rate / correction1);
  gradient_.zero_();
  return norm;
}

}  // namespace kvferry
