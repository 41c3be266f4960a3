// SPDX-License-Identifier: MIT
#include "codec/concatenate.h"

#include <algorithm>
#include <string>

#include "codec/half.h"
#include "codec/transform/rope.h"

namespace kvferry {
namespace {

constexpr std::uint64_t kMaxTokens = std::uint64_t{1} << 24;  // positions that RoPE is computed for

enum class Turn { kForward, kBack };

// Rows of K, FP16, by the table's one position.
void turn(std::span<const std::uint16_t> from, std::uint16_t* to, const KvGeometry& geometry,
          const RopeTable& table, Turn direction) {
  std::vector<float> row(geometry.channels());
  for (std::size_t begin = 0; begin < from.size(); begin += row.size()) {
    for (std::size_t i = 0; i < row.size(); ++i) row[i] = half_to_float(from[begin + i]);
    if (direction == Turn::kForward) {
      table.redo(row.data(), 0, 1, geometry.kv_heads);
    } else {
      table.undo(row.data(), 0, 1, geometry.kv_heads);
    }
    for (std::size_t i = 0; i < row.size(); ++i) to[begin + i] = float_to_half(row[i]);
  }
}

RopeTable table_of(std::uint32_t offset, const KvGeometry& geometry, double rope_theta) {
  const auto position = static_cast<std::int32_t>(offset);
  return RopeTable({&position, 1}, geometry.head_dim, rope_theta);
}

std::vector<std::vector<std::int32_t>> joined_positions(std::span<const KvCache* const> caches) {
  std::vector<std::vector<std::int32_t>> out(caches.front()->geometry().layers);
  std::int32_t offset = 0;
  for (const KvCache* cache : caches) {
    for (std::size_t layer = 0; layer < out.size(); ++layer) {
      for (const std::int32_t position : cache->positions(layer)) out[layer].push_back(offset + position);
    }
    offset += cache->next_position();
  }
  return out;
}

}  // namespace

Result<KvCache> concatenate(std::span<const KvCache* const> caches, double rope_theta) {
  if (caches.empty()) return Error{"concatenate: expected at least one cache"};
  const KvGeometry geometry = caches.front()->geometry();
  std::uint64_t tokens = 0;
  for (std::size_t i = 0; i < caches.size(); ++i) {
    if (caches[i]->geometry() != geometry)
      return Error{"concatenate: cache " + std::to_string(i) + " is of another geometry than the first"};
    tokens += caches[i]->token_count();
  }
  if (tokens > kMaxTokens)
    return Error{"concatenate: " + std::to_string(tokens) + " tokens, expected at most 2^24"};
  auto out = KvCache::create(geometry, joined_positions(caches), static_cast<std::uint32_t>(tokens));
  if (!out) return out;
  std::vector<std::size_t> at(geometry.layers, 0);  // values written so far
  std::uint32_t offset = 0;
  for (const KvCache* cache : caches) {
    const RopeTable table = table_of(offset, geometry, rope_theta);
    for (std::size_t layer = 0; layer < geometry.layers; ++layer) {
      turn(cache->key_data(layer), out->key_data(layer).data() + at[layer], geometry, table, Turn::kForward);
      std::ranges::copy(cache->value_data(layer),
                        out->value_data(layer).begin() + static_cast<std::ptrdiff_t>(at[layer]));
      at[layer] += cache->value_data(layer).size();
    }
    offset += cache->token_count();
  }
  return out;
}

Result<KvCache> part_of(const KvCache& cache, std::uint32_t begin, std::uint32_t end, double rope_theta) {
  const KvGeometry& geometry = cache.geometry();
  std::vector<std::vector<std::int32_t>> positions(geometry.layers);
  std::vector<std::size_t> first(geometry.layers);  // row
  for (std::size_t layer = 0; layer < geometry.layers; ++layer) {
    const auto all = cache.positions(layer);
    const auto low = std::ranges::lower_bound(all, static_cast<std::int32_t>(begin));
    const auto high = std::ranges::lower_bound(all, static_cast<std::int32_t>(end));
    first[layer] = static_cast<std::size_t>(low - all.begin());
    for (auto position = low; position != high; ++position)
      positions[layer].push_back(*position - static_cast<std::int32_t>(begin));
  }
  auto out = KvCache::create(geometry, positions, end - begin);
  if (!out) return out;
  const RopeTable table = table_of(begin, geometry, rope_theta);
  for (std::size_t layer = 0; layer < geometry.layers; ++layer) {
    const std::size_t from = first[layer] * geometry.channels();
    const std::size_t size = positions[layer].size() * geometry.channels();
    turn(cache.key_data(layer).subspan(from, size), out->key_data(layer).data(), geometry, table,
         Turn::kBack);
    std::ranges::copy(cache.value_data(layer).subspan(from, size), out->value_data(layer).begin());
  }
  return out;
}

}  // namespace kvferry
