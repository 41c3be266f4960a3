// SPDX-License-Identifier: MIT
//
// Random bytes of a QUIC end: connection ids, secrets, what the library asks
// for. A fixed seed is for tests and simulation only, where sizes and times
// have to come out the same.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "protocol/base/rng.h"

namespace kvferry {

class RandomSource {
 public:
  explicit RandomSource(std::optional<std::uint64_t> fixed_seed) {
    if (fixed_seed) fixed_.emplace(*fixed_seed);
  }
  void fill(std::span<std::uint8_t> out);

 private:
  std::optional<Rng> fixed_;
};

}  // namespace kvferry
