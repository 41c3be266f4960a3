// SPDX-License-Identifier: MIT
#include "codec/select/select.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <string>

#include "codec/select/row_hash.h"

namespace kvferry {
namespace {

std::size_t share_of(double ratio, std::size_t n) {
  return static_cast<std::size_t>(std::floor(ratio * static_cast<double>(n) + 0.5));
}

std::size_t protected_rows(const ProtectStage& protect, std::size_t n) {
  return std::min(n, std::size_t{protect.first} + protect.recent);
}

// Rows kept without what the question adds.
std::size_t base_rows(const SelectStage& stage, const ProtectStage& protect, std::size_t n) {
  return std::min(n, std::max({std::size_t{1}, protected_rows(protect, n), share_of(stage.ratio, n)}));
}

// Rows picked so far. Protected rows are from the start.
class Picker {
 public:
  Picker(const ProtectStage& protect, std::size_t n) : picked_(n), count_(protected_rows(protect, n)) {
    for (std::size_t row = 0; row < n; ++row) picked_[row] = is_protected_row(protect, row, n) ? 1 : 0;
  }

  // Picks the rows with the highest keys until `total` are picked; of equal keys the earlier.
  template <typename Key>
  void pick_highest(const std::vector<Key>& keys, std::size_t total) {
    if (total <= count_) return;
    std::vector<std::uint32_t> rest;
    rest.reserve(picked_.size() - count_);
    for (std::uint32_t row = 0; row < picked_.size(); ++row) {
      if (picked_[row] == 0) rest.push_back(row);
    }
    const std::size_t more = std::min(total - count_, rest.size());
    const auto end = rest.begin() + static_cast<std::ptrdiff_t>(more);
    if (end != rest.end()) {
      std::nth_element(rest.begin(), end, rest.end(), [&keys](std::uint32_t a, std::uint32_t b) {
        return keys[a] != keys[b] ? keys[a] > keys[b] : a < b;
      });
    }
    for (auto row = rest.begin(); row != end; ++row) picked_[*row] = 1;
    count_ += more;
  }

  [[nodiscard]] std::vector<std::uint32_t> rows() const {
    std::vector<std::uint32_t> rows;
    rows.reserve(count_);
    for (std::uint32_t row = 0; row < picked_.size(); ++row) {
      if (picked_[row] != 0) rows.push_back(row);
    }
    return rows;
  }

 private:
  std::vector<std::uint8_t> picked_;
  std::size_t count_;
};

// The row's place from the end; the sinks before all.
std::vector<std::uint32_t> streaming_keys(const ProtectStage& protect, std::size_t n) {
  const std::size_t sinks = std::min<std::size_t>(n, protect.first != 0 ? protect.first : kDefaultSinks);
  std::vector<std::uint32_t> keys(n);
  std::iota(keys.begin(), keys.end(), 0U);
  for (std::size_t row = 0; row < sinks; ++row) keys[row] = static_cast<std::uint32_t>(2 * n - row);
  return keys;
}

AttentionScore score_of(SelectMethod method) {
  switch (method) {
    case SelectMethod::kH2o:
      return AttentionScore::kH2o;
    case SelectMethod::kSnapKv:
      return AttentionScore::kSnapKv;
    case SelectMethod::kTemplates:
      return AttentionScore::kTemplates;
    default:
      return AttentionScore::kQ2c;
  }
}

Result<std::vector<float>> ask_rows(const AttentionSource& source, SelectMethod method, std::size_t n) {
  return ask_scores(source, score_of(method), to_string(method), n);
}

RowSelection with_scores(const Picker& picker, const std::vector<float>& scores) {
  RowSelection selection{picker.rows(), {}};
  selection.scores.reserve(selection.rows.size());
  for (const std::uint32_t row : selection.rows) selection.scores.push_back(scores[row]);
  return selection;
}

Result<RowSelection> select_union(const SelectStage& stage, const ProtectStage& protect, std::size_t n,
                                  const AttentionSource& source) {
  const auto base = ask_rows(source, SelectMethod::kTemplates, n);
  if (!base) return base.error();
  const auto task = ask_rows(source, SelectMethod::kQ2c, n);
  if (!task) return task.error();
  Picker picker(protect, n);
  picker.pick_highest(*base, base_rows(stage, protect, n));
  picker.pick_highest(*task, rows_to_keep(stage, protect, n));
  return with_scores(picker, *task);
}

Result<void> check_same_positions(const KvCache& cache) {
  const auto first = cache.positions(0);
  for (std::uint32_t layer = 1; layer < cache.geometry().layers; ++layer) {
    const auto positions = cache.positions(layer);
    if (!std::equal(first.begin(), first.end(), positions.begin(), positions.end())) {
      return Error{"select: layer " + std::to_string(layer) +
                   " keeps other positions than layer 0, expected the same in all layers"};
    }
  }
  return {};
}

}  // namespace

bool is_protected_row(const ProtectStage& protect, std::size_t row, std::size_t n) {
  return row < protect.first || n - row <= protect.recent;
}

std::size_t rows_to_keep(const SelectStage& stage, const ProtectStage& protect, std::size_t n) {
  if (stage.method == SelectMethod::kFull) return n;
  const std::size_t task = stage.method == SelectMethod::kUnion ? share_of(stage.task_ratio, n) : 0;
  return std::min(n, base_rows(stage, protect, n) + task);
}

Result<std::vector<float>> ask_scores(const AttentionSource& source, AttentionScore score,
                                      std::string_view what, std::size_t count) {
  const std::string name(what);
  if (!source) return Error{"select: " + name + " needs scores, expected a model to ask"};
  auto scores = source(score);
  if (!scores) return scores;
  if (scores->size() != count) {
    return Error{"select: " + std::to_string(scores->size()) + " scores of " + name + ", expected " +
                 std::to_string(count)};
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (std::isfinite((*scores)[i])) continue;
    return Error{"select: score " + std::to_string(i) + " of " + name + " is not a finite number"};
  }
  return scores;
}

Result<RowSelection> select_rows(const SelectStage& stage, const ProtectStage& protect, std::size_t n,
                                 const AttentionSource& source, std::uint64_t seed) {
  const std::size_t keep = rows_to_keep(stage, protect, n);
  Picker picker(protect, n);
  switch (stage.method) {
    case SelectMethod::kFull:
    case SelectMethod::kStreaming:
      picker.pick_highest(streaming_keys(protect, n), keep);
      return RowSelection{picker.rows(), {}};
    case SelectMethod::kRandom: {
      std::vector<std::uint64_t> keys(n);
      for (std::size_t row = 0; row < n; ++row) keys[row] = hash_row(seed, row);
      picker.pick_highest(keys, keep);
      return RowSelection{picker.rows(), {}};
    }
    case SelectMethod::kUnion:
      return select_union(stage, protect, n, source);
    default:
      break;
  }
  const auto scores = ask_rows(source, stage.method, n);
  if (!scores) return scores.error();
  picker.pick_highest(*scores, keep);
  return with_scores(picker, *scores);
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
  if (auto same = check_same_positions(cache); !same) return same.error();
  const std::uint32_t layers = cache.geometry().layers;
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
