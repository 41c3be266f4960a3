// SPDX-License-Identifier: MIT
#include "codec/quant/rotation.h"

#include <cassert>
#include <cmath>

#include "protocol/base/rng.h"

namespace kvferry {

Rotation::Rotation(std::size_t head_dim, unsigned bits)
    : table(&lloyd_max(bits)), root_dim(std::sqrt(static_cast<float>(head_dim))), signs(head_dim) {
  assert(head_dim > 0);
  Rng rng(kSignSeed);
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < head_dim; ++i) {
    if (i % 64 == 0) word = rng.next();
    signs[i] = static_cast<std::uint32_t>((word >> (i % 64)) & 1U) << 31;
  }
}

}  // namespace kvferry
