// SPDX-License-Identifier: MIT
//
// Caches to test with: seeded numbers in any geometry, and a model that fits them.
#pragma once

#include <unistd.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include "codec/encoder.h"
#include "codec/half.h"
#include "codec/kv_cache.h"
#include "protocol/base/rng.h"

namespace kvferry::testing {

inline float gaussian(Rng& rng) {
  const double radius = std::sqrt(-2.0 * std::log(1.0 - rng.uniform()));
  return static_cast<float>(radius * std::cos(2.0 * std::numbers::pi * rng.uniform()));
}

// Normal values; every channel of K has an offset of its own, as real keys do.
inline void fill_gaussian(KvCache& cache, std::uint64_t seed) {
  Rng rng(seed);
  const std::size_t channels = cache.geometry().channels();
  for (std::uint32_t layer = 0; layer < cache.geometry().layers; ++layer) {
    std::vector<float> offsets(channels);
    for (float& offset : offsets) offset = 3.0F * gaussian(rng);
    const auto key = cache.key_data(layer);
    const auto value = cache.value_data(layer);
    for (std::size_t i = 0; i < key.size(); ++i) {
      key[i] = float_to_half(offsets[i % channels] + gaussian(rng));
      value[i] = float_to_half(gaussian(rng));
    }
  }
}

inline KvCache gaussian_cache(KvGeometry geometry, std::uint32_t tokens, std::uint64_t seed = 1) {
  KvCache cache = *KvCache::create_full(geometry, tokens);
  fill_gaussian(cache, seed);
  return cache;
}

inline KvCache gaussian_cache(KvGeometry geometry, std::vector<std::vector<std::int32_t>> positions,
                              std::uint32_t tokens, std::uint64_t seed = 1) {
  KvCache cache = *KvCache::create(geometry, std::move(positions), tokens);
  fill_gaussian(cache, seed);
  return cache;
}

inline ModelIdentity identity_of(const KvGeometry& geometry) {
  ModelIdentity model;
  model.architecture = "LlamaForCausalLM";
  model.layers = geometry.layers;
  model.kv_heads = geometry.kv_heads;
  model.head_dim = geometry.head_dim;
  model.rope_theta = 1e6;
  return model;
}

inline EncodeOptions options_for(const KvCache& cache, std::string_view preset) {
  EncodeOptions options;
  options.preset = *parse_preset(preset);
  options.model = identity_of(cache.geometry());
  return options;
}

// The card; encoding must succeed.
inline Card encode_as(const KvCache& cache, std::string_view preset) {
  return *encode(cache, options_for(cache, preset));
}

// A file name that no other test process uses.
inline std::filesystem::path temporary_path(const std::string& name) {
  return std::filesystem::temp_directory_path() / ("kvferry_" + std::to_string(getpid()) + "_" + name);
}

}  // namespace kvferry::testing
