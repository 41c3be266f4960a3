// SPDX-License-Identifier: MIT
#include "model/injection.h"

#include <string>
#include <utility>

#include "codec/torch/tensors.h"

namespace kvferry {

at::Tensor tensor_of(const std::vector<int64_t>& ids) { return at::tensor(ids, at::kLong); }

at::Tensor positions_from(int64_t first, size_t count) {
  return at::arange(first, first + static_cast<int64_t>(count));
}

DecoderState state_of(const KvCache& cache) {
  DecoderState state(cache.geometry().layers);
  for (size_t i = 0; i < state.size(); ++i) {
    state[i].k = to_tensor(cache.key(i));
    state[i].v = to_tensor(cache.value(i));
  }
  return state;
}

DecoderState share_state(const DecoderState& whole, const KvCache* own) {
  DecoderState state = own != nullptr ? state_of(*own) : DecoderState(whole.size());
  for (size_t i = 0; i < state.size(); ++i) {
    if (own == nullptr) {
      state[i].k = whole[i].k.narrow(1, 0, 0);
      state[i].v = whole[i].v.narrow(1, 0, 0);
    }
    state[i].shared_k = whole[i].k;
    state[i].shared_v = whole[i].v;
  }
  return state;
}

Result<KvCache> cache_of(const DecoderState& state, const KvGeometry& geometry,
                         std::span<const int32_t> positions, uint32_t token_count) {
  const std::vector<int32_t> rows(positions.begin(), positions.end());
  return cache_of(state, geometry, std::vector<std::vector<int32_t>>(geometry.layers, rows), token_count);
}

Result<KvCache> cache_of(const DecoderState& state, const KvGeometry& geometry,
                         std::vector<std::vector<int32_t>> positions, uint32_t token_count) {
  auto cache = KvCache::create(geometry, std::move(positions), token_count);
  if (!cache) return cache;
  for (size_t i = 0; i < state.size(); ++i) {
    copy_to_half(state[i].k, cache->key_data(i));
    copy_to_half(state[i].v, cache->value_data(i));
  }
  return cache;
}

Result<void> hide_rows(DecoderState& state, std::span<const uint32_t> rows) {
  if (rows.empty()) return {};
  for (size_t i = 0; i < state.size(); ++i) {
    const auto shared = state[i].shared_k.defined() ? state[i].shared_k.size(1) : 0;
    const auto count = shared + state[i].k.size(1);
    auto hidden = at::zeros({count}, at::kBool);
    auto* flags = hidden.data_ptr<bool>();
    for (const auto row : rows) {
      if (row >= count) {
        return Error{"hidden row " + std::to_string(row) + " of layer " + std::to_string(i) +
                     ", expected below " + std::to_string(count)};
      }
      flags[row] = true;
    }
    state[i].hidden = hidden;
  }
  return {};
}

}  // namespace kvferry
