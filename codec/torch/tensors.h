// SPDX-License-Identifier: MIT
//
// Where KV tensors of libtorch meet the codec: borrowed views, and copies to and from
// the FP16 storage of a KvCache. Tensors here are [heads, rows, head_dim].
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <span>

#include "codec/kv_view.h"
#include "protocol/base/result.h"

namespace kvferry {

// A view of `tensor` [heads, rows, head_dim], which must outlive it. The last dimension has to be contiguous,
// the type FP32, FP16 or BF16.
[[nodiscard]] Result<KvView> view_of(const at::Tensor& tensor);

// An FP32 copy [heads, rows, head_dim] of what the view shows.
[[nodiscard]] at::Tensor to_tensor(const KvView& view);

// Writes `tensor` [heads, rows, head_dim] as FP16 in [row][head][dim] order, rounding half to even.
void copy_to_half(const at::Tensor& tensor, std::span<uint16_t> out);

}  // namespace kvferry
