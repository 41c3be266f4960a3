// SPDX-License-Identifier: MIT
#include "codec/select/select.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <string>

namespace kvferry {
namespace {

// SplitMix64 (Steele, Lea, Flood 2014) at state seed + (row + 1) * increment.
std::uint64_t hash_row(std::uint64_t seed, std::uint64_t row) {
  std::uint64_t z = seed + (row + 1) * 0x9e3779b97f4a7c15U;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
  return z ^ (z >> 31);
}

// The sinks, then the highest keys, ties to the earlier row; ascending.
template <typename Key>
std::vector<std::uint32_t> highest(const std::vector<Key>& keys, std::size_t keep, std::size_t sinks) {
  std::vector<std::uint32_t> rows(keys.size());
  std::iota(rows.begin(), rows.end(), 0U);
  const auto first = rows.begin() + static_cast<std::ptrdiff_t>(std::min(sinks, keep));
  const auto last = rows.begin() + static_cast<std::ptrdiff_t>(keep);
  std::partial_sort(first, last, rows.end(), [&keys](std::uint32_t a, std::uint32_t b) {
    return keys[a] != keys[b] ? keys[a] > keys[b] : a < b;
  });
  rows.resize(keep);
  std::sort(rows.begin(), rows.end());
  return rows;
}

Result<void> check_scores(std::span<const float> scores, std::size_t n) {
  if (scores.size() != n) {
    return Error{"select: " + std::to_string(scores.size()) + " scores, expected " + std::to_string(n) +
                 " (one for each row)"};
  }
  for (std::size_t row = 0; row < n; ++row) {
    if (!std::isfinite(scores[row])) {
      return Error{"select: score of row " + std::to_string(row) + " is not a finite number"};
    }
  }
  return {};
}

}  // namespace

std::size_t rows_to_keep(const SelectStage& stage, std::size_t n) {
  if (stage.policy == SelectPolicy::kFull) return n;
  const double share = std::floor(stage.ratio * static_cast<double>(n) + 0.5);
  const std::size_t least = std::max<std::size_t>(1, stage.sinks);
  return std::min(n, std::max(least, static_cast<std::size_t>(share)));
}

Result<std::vector<std::uint32_t>> select_rows(const SelectStage& stage, std::span<const float> scores,
                                               std::size_t n, std::uint64_t seed) {
  const std::size_t keep = rows_to_keep(stage, n);
  if (stage.policy == SelectPolicy::kQ2c) {
    if (auto valid = check_scores(scores, n); !valid) return valid.error();
    return highest(std::vector<float>(scores.begin(), scores.end()), keep, stage.sinks);
  }
  std::vector<std::uint64_t> keys(n);
  for (std::size_t row = 0; row < n; ++row) keys[row] = hash_row(seed, row);
  return highest(keys, keep, stage.sinks);
}

Result<KvCache> keep_rows(const KvCache& cache, std::span<const std::uint32_t> rows) {
  const auto all = cache.positions(0);
  std::vector<std::int32_t> kept;
  kept.reserve(rows.size());
  for (const std::uint32_t row : rows) {
    if (row >= all.size()) {
      return Error{"select: row " + std::to_string(row) + ", expected below " + std::to_string(all.size())};
    }
    kept.push_back(all[row]);
  }
  const std::uint32_t layers = cache.geometry().layers;
  for (std::uint32_t layer = 1; layer < layers; ++layer) {
    if (!std::equal(all.begin(), all.end(), cache.positions(layer).begin(), cache.positions(layer).end())) {
      return Error{"select: layer " + std::to_string(layer) +
                   " keeps other positions than layer 0, expected the same in all layers"};
    }
  }
  auto part = KvCache::create(cache.geometry(), std::vector<std::vector<std::int32_t>>(layers, kept),
                              cache.token_count());
  if (!part) return part;
  const std::size_t channels = cache.geometry().channels();
  for (std::uint32_t layer = 0; layer < layers; ++layer) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::size_t from = rows[i] * channels;
      const std::size_t bytes = channels * sizeof(std::uint16_t);
      std::memcpy(&part->key_data(layer)[i * channels], &cache.key_data(layer)[from], bytes);
      std::memcpy(&part->value_data(layer)[i * channels], &cache.value_data(layer)[from], bytes);
    }
  }
  return part;
}

}  // namespace kvferry
