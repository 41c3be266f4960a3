// SPDX-License-Identifier: MIT
#include "model/rope.h"

namespace kvferry {

RopeTable rope_table(const at::Tensor& positions, int64_t head_dim, double theta) {
  const auto exponents = at::arange(0, head_dim, 2, at::kDouble) / static_cast<double>(head_dim);
  const auto frequencies = at::pow(at::scalar_tensor(theta, at::kDouble), -exponents);
  const auto angles = at::outer(positions.to(at::kDouble), frequencies);
  const auto both = at::cat({angles, angles}, -1);
  return {both.cos().to(at::kFloat), both.sin().to(at::kFloat)};
}

at::Tensor apply_rope(const at::Tensor& x, const RopeTable& table) {
  const auto halves = x.chunk(2, -1);
  const auto turned = at::cat({-halves[1], halves[0]}, -1);
  return x * table.cos.to(x.scalar_type()) + turned * table.sin.to(x.scalar_type());
}

}  // namespace kvferry
