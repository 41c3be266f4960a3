// SPDX-License-Identifier: MIT
//
// Between KV caches, which travel, and the state that a decoder works on.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "codec/kv_cache.h"
#include "model/decoder.h"

namespace kvferry {

[[nodiscard]] at::Tensor tensor_of(const std::vector<int64_t>& ids);

// [count]: first, first + 1, ...
[[nodiscard]] at::Tensor positions_from(int64_t first, size_t count);

// A state that holds the cache's rows, widened to FP32. A layer without rows stays empty: new tokens attend
// to themselves there.
[[nodiscard]] DecoderState state_of(const KvCache& cache);

// A state of its own over a whole state's rows, which are shared; and over `own`'s too, where there is one,
// that stand in the same document.
[[nodiscard]] DecoderState share_state(const DecoderState& whole, const KvCache* own);

// The rows that a state has to itself, rounded to FP16. `positions`: ascending, one a row of each layer.
[[nodiscard]] Result<KvCache> cache_of(const DecoderState& state, const KvGeometry& geometry,
                                       std::span<const int32_t> positions, uint32_t token_count);

// The same where layers hold different rows: a list of positions for each.
[[nodiscard]] Result<KvCache> cache_of(const DecoderState& state, const KvGeometry& geometry,
                                       std::vector<std::vector<int32_t>> positions, uint32_t token_count);

// Hides these rows of every layer from all tokens to come. The error names the first row that is not there.
[[nodiscard]] Result<void> hide_rows(DecoderState& state, std::span<const uint32_t> rows);

}  // namespace kvferry
