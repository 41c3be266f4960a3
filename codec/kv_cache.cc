// SPDX-License-Identifier: MIT
#include "codec/kv_cache.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

#include "protocol/card/manifest.h"

namespace kvferry {
namespace {

Error out_of_range(const char* what, std::uint32_t got, std::uint64_t max) {
  return {std::string("cache: ") + what + " is " + std::to_string(got) + ", expected 1 to " +
          std::to_string(max)};
}

Result<void> check_shape(const KvGeometry& geometry, std::uint32_t token_count) {
  if (geometry.layers == 0 || geometry.layers > ModelIdentity::kMaxLayers) {
    return out_of_range("layers", geometry.layers, ModelIdentity::kMaxLayers);
  }
  if (geometry.kv_heads == 0 || geometry.kv_heads > ModelIdentity::kMaxHeads) {
    return out_of_range("kv_heads", geometry.kv_heads, ModelIdentity::kMaxHeads);
  }
  if (geometry.head_dim == 0 || geometry.head_dim > ModelIdentity::kMaxHeadDim) {
    return out_of_range("head_dim", geometry.head_dim, ModelIdentity::kMaxHeadDim);
  }
  if (token_count == 0 || token_count > Manifest::kMaxTokens) {
    return out_of_range("token count", token_count, Manifest::kMaxTokens);
  }
  return {};
}

Result<void> check_positions(const std::vector<std::int32_t>& positions, std::size_t layer,
                             std::uint32_t token_count) {
  const std::string where = "cache: layer " + std::to_string(layer);
  std::int64_t previous = -1;
  for (std::size_t i = 0; i < positions.size(); ++i) {
    if (positions[i] <= previous || positions[i] >= static_cast<std::int64_t>(token_count)) {
      return Error{where + " position " + std::to_string(i) + " is " + std::to_string(positions[i]) +
                   ", expected ascending and below " + std::to_string(token_count)};
    }
    previous = positions[i];
  }
  return {};
}

}  // namespace

Result<KvCache> KvCache::create(KvGeometry geometry, std::vector<std::vector<std::int32_t>> positions,
                                std::uint32_t token_count) {
  if (auto shape = check_shape(geometry, token_count); !shape) return shape.error();
  if (positions.size() != geometry.layers) {
    return Error{"cache: " + std::to_string(positions.size()) + " lists of positions, expected " +
                 std::to_string(geometry.layers) + " (one for each layer)"};
  }
  for (std::size_t layer = 0; layer < positions.size(); ++layer) {
    if (auto valid = check_positions(positions[layer], layer, token_count); !valid) return valid.error();
  }
  if (std::all_of(positions.begin(), positions.end(), [](const auto& list) { return list.empty(); })) {
    return Error{"cache: no layer keeps a position, expected at least one"};
  }
  KvCache cache;
  cache.geometry_ = geometry;
  cache.token_count_ = token_count;
  cache.layers_.resize(geometry.layers);
  for (std::size_t i = 0; i < positions.size(); ++i) {
    const std::size_t elements = positions[i].size() * geometry.channels();
    cache.layers_[i] = {std::move(positions[i]), HalfBuffer(elements), HalfBuffer(elements)};
  }
  return cache;
}

Result<KvCache> KvCache::create_full(KvGeometry geometry, std::uint32_t token_count) {
  if (auto shape = check_shape(geometry, token_count); !shape) return shape.error();
  std::vector<std::int32_t> all(token_count);
  std::iota(all.begin(), all.end(), 0);
  return create(geometry, std::vector<std::vector<std::int32_t>>(geometry.layers, all), token_count);
}

std::uint64_t KvCache::bytes_fp16() const {
  std::uint64_t bytes = 0;
  for (const Layer& layer : layers_) bytes += (layer.key.size() + layer.value.size()) * sizeof(std::uint16_t);
  return bytes;
}

std::uint64_t KvCache::full_bytes_fp16() const {
  return std::uint64_t{geometry_.layers} * token_count_ * geometry_.channels() * 2 * sizeof(std::uint16_t);
}

KvView KvCache::view(std::size_t layer, const HalfBuffer& data) const {
  KvView view;
  view.data = data.data();
  view.rows = rows(layer);
  view.heads = geometry_.kv_heads;
  view.head_dim = geometry_.head_dim;
  view.head_stride = geometry_.head_dim;
  view.row_stride = geometry_.channels();
  return view;
}

}  // namespace kvferry
