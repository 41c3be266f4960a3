// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

namespace kvferry {

// Seeds of a run's parts, each derived from the run's.
[[nodiscard]] uint64_t derived_seed(uint64_t seed, const std::string& part);

}  // namespace kvferry
