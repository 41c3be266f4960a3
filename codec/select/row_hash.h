// SPDX-License-Identifier: MIT
//
// A fixed random number for each row of a document.
#pragma once

#include <cstdint>

#include "protocol/base/rng.h"

namespace kvferry {

// The row-th number (from 0) of the stream that seed starts.
[[nodiscard]] inline std::uint64_t hash_row(std::uint64_t seed, std::uint64_t row) {
  return Rng(seed + row * 0x9e3779b97f4a7c15U).next();
}

}  // namespace kvferry
