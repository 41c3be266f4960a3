// SPDX-License-Identifier: MIT
//
// Whether a run's caches have room, before it begins to make them.
#pragma once

#include <cstdint>

#include "protocol/base/result.h"

namespace kvferry {

// That this process may still take: of the machine, and of its control group where that has a limit (cgroup
// v2).
[[nodiscard]] std::uint64_t free_memory_bytes();

// The error says how much `caches` of `bytes` together take, and how much there is.
[[nodiscard]] Result<void> check_memory(std::size_t caches, std::uint64_t bytes);

}  // namespace kvferry
