// SPDX-License-Identifier: MIT
//
// Selection: which rows (tokens) of a document's cache travel. Methods are functions of one
// score per row; where the scores come from is the caller's business (scores.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "codec/kv_cache.h"
#include "codec/preset.h"
#include "codec/select/scores.h"
#include "protocol/base/result.h"

namespace kvferry {

// streaming keeps this many first rows unless the preset protects others (StreamingLLM).
inline constexpr std::uint32_t kDefaultSinks = 4;

struct RowSelection {
  std::vector<std::uint32_t> rows;  // ascending
  std::vector<float> scores;        // of each kept row; of union, q2c's; empty where none are asked for
};

// Whether protect's `first` or `recent` covers this row of n.
[[nodiscard]] bool is_protected_row(const ProtectStage& protect, std::size_t row, std::size_t n);

// Rows kept of n: the ratio's share (of union: each share) rounded to nearest, halves up, at
// least one and at least the protected ones, at most n.
[[nodiscard]] std::size_t rows_to_keep(const SelectStage& stage, const ProtectStage& protect, std::size_t n);

// Protected rows, then the highest scores until rows_to_keep() are kept; of equal scores the
// earlier row. random ranks by a hash of (seed, row). All but union keep a superset at a
// larger ratio. union: the base's share by templates, then the task's by q2c. n is not 0. source is asked
// only by methods that need scores; the error is its own, or names what is missing or the first score that is
// not finite.
[[nodiscard]] Result<RowSelection> select_rows(const SelectStage& stage, const ProtectStage& protect,
                                               std::size_t n, const AttentionSource& source,
                                               std::uint64_t seed);

// The same cache with only these rows of every layer. Rows index into every layer, so
// all layers must hold the same positions.
[[nodiscard]] Result<KvCache> keep_rows(const KvCache& cache, std::span<const std::uint32_t> rows);

// Asks source for `count` finite scores; what: the method, for errors.
[[nodiscard]] Result<std::vector<float>> ask_scores(const AttentionSource& source, AttentionScore score,
                                                    std::string_view what, std::size_t count);

}  // namespace kvferry
