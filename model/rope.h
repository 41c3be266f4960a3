// SPDX-License-Identifier: MIT
//
// Rotary position embedding (Su et al. 2021) in the half-split layout of Llama and Qwen2:
// dimension i pairs with i + C/2 and turns by position · theta^(-2i/C).
#pragma once

#include <ATen/ATen.h>

namespace kvferry {

struct RopeTable {
  at::Tensor cos, sin;  // [T, C], FP32
};

[[nodiscard]] RopeTable rope_table(const at::Tensor& positions, int64_t head_dim, double theta);

// Turns x [..., T, C] by its positions; computes in the type of x.
[[nodiscard]] at::Tensor apply_rope(const at::Tensor& x, const RopeTable& table);

}  // namespace kvferry
