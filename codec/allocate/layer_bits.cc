// SPDX-License-Identifier: MIT
//
// Bits by layer: Q-KVComm's 8/6/4 and CacheGen's bins.
#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <numeric>
#include <string>

#include "codec/allocate/allocate.h"

namespace kvferry {
namespace {

constexpr std::uint8_t kHighBits = 8, kMiddleBits = 6, kLowBits = 4;

// Bins of K's three layer groups and of V's two (LMCache, CacheGenConfig for Mistral-7B).
struct Level {
  std::array<std::uint16_t, 3> key;
  std::array<std::uint16_t, 2> value;
};
constexpr std::array<Level, kMaxCacheGenLevel> kLevels = {{
    {{16, 16, 12}, {16, 12}},
    {{32, 16, 16}, {32, 16}},
    {{32, 32, 32}, {32, 32}},
}};
constexpr std::size_t kReleasedLayers = 32;
constexpr std::size_t kKeyFirst = 10, kKeySecond = 20, kValueFirst = 2;  // where groups end

std::size_t scaled(std::size_t end, std::size_t layers) {
  return std::max<std::size_t>(1, (2 * end * layers + kReleasedLayers) / (2 * kReleasedLayers));
}

}  // namespace

QuantSpec with_bits(QuantSpec spec, unsigned bits) {
  assert(spec.kind == QuantKind::kAffine || spec.kind == QuantKind::kSymmetric);
  if (bits == 16) return {};
  const bool has_middle = spec.kind == QuantKind::kSymmetric && bits > 1;
  spec.symbols = static_cast<std::uint16_t>((1U << bits) - (has_middle ? 1U : 0U));
  return spec;
}

QuantSpec with_bins(QuantSpec spec, unsigned bins) {
  assert(spec.kind == QuantKind::kSymmetric && bins % 2 == 0);
  spec.symbols = static_cast<std::uint16_t>(bins - 1);
  return spec;
}

Result<std::vector<std::uint8_t>> sensitivity_bits(std::span<const float> sensitivity) {
  const std::size_t layers = sensitivity.size();
  for (std::size_t layer = 0; layer < layers; ++layer) {
    if (std::isfinite(sensitivity[layer])) continue;
    return Error{"allocate: sensitivity of layer " + std::to_string(layer) + " is not a finite number"};
  }
  std::vector<std::size_t> order(layers);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&sensitivity](std::size_t a, std::size_t b) { return sensitivity[a] > sensitivity[b]; });
  const std::size_t end = (3 * layers + 5) / 10;
  std::vector<std::uint8_t> bits(layers, kMiddleBits);
  for (std::size_t rank = 0; rank < end; ++rank) {
    bits[order[rank]] = kHighBits;
    bits[order[layers - 1 - rank]] = kLowBits;
  }
  return bits;
}

CacheGenBins cachegen_bins(std::uint32_t level, std::size_t layers) {
  assert(level >= 1 && level <= kMaxCacheGenLevel);
  const Level& bins = kLevels[level - 1];
  const std::size_t first = scaled(kKeyFirst, layers);
  const std::size_t second = scaled(kKeySecond, layers);
  CacheGenBins result;
  for (std::size_t layer = 0; layer < layers; ++layer) {
    result.key.push_back(bins.key[layer < first ? 0 : layer < second ? 1 : 2]);
    result.value.push_back(bins.value[layer < scaled(kValueFirst, layers) ? 0 : 1]);
  }
  return result;
}

}  // namespace kvferry
