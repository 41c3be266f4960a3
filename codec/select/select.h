// SPDX-License-Identifier: MIT
//
// Selection: which rows (tokens) of a document's cache travel. Policies are functions
// of one score per row; where the scores come from is the caller's business.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "codec/kv_cache.h"
#include "codec/preset.h"
#include "protocol/base/result.h"

namespace kvferry {

// Asks the model for one score per cached row, higher is more worth keeping. The method
// is the policy's name; "q2c" is the attention that the question's tokens pay to the row,
// averaged over them, over the heads and over the layers.
using ScoreSource = std::function<Result<std::vector<float>>(std::string_view method)>;

// Rows kept of n: the ratio's share rounded to nearest, at least one and at least the
// sinks, at most n.
[[nodiscard]] std::size_t rows_to_keep(const SelectStage& stage, std::size_t n);

// Ascending row indices. q2c takes the highest of n finite scores, ties to the earlier
// row; random ranks by a hash of (seed, row), so a larger ratio keeps a superset; full
// keeps all. Scores are read by q2c only. n must not be 0.
[[nodiscard]] Result<std::vector<std::uint32_t>> select_rows(const SelectStage& stage,
                                                             std::span<const float> scores, std::size_t n,
                                                             std::uint64_t seed);

// The same cache with only these rows of every layer. Rows index into every layer, so
// all layers must hold the same positions.
[[nodiscard]] Result<KvCache> keep_rows(const KvCache& cache, std::span<const std::uint32_t> rows);

}  // namespace kvferry
