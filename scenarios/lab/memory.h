// SPDX-License-Identifier: MIT
//
// Whether a run's caches have room, before it begins to make them.
#pragma once

#include <cstdint>

#include "protocol/base/result.h"

namespace kvferry {

// The error says how much `caches` of `bytes` together take, and how much is free: of the machine, and of
// this process's control group where that has a limit (cgroup v2).
[[nodiscard]] Result<void> check_memory(std::size_t caches, std::uint64_t bytes);

}  // namespace kvferry
