// SPDX-License-Identifier: MIT
//
// Real time for the cores: the steady clock as kvferry::Time.
#pragma once

#include <chrono>

#include "protocol/base/time.h"

namespace kvferry {

[[nodiscard]] inline Time steady_now() {
  return Time(std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch()));
}

[[nodiscard]] inline std::chrono::steady_clock::time_point to_steady(Time time) {
  return std::chrono::steady_clock::time_point(
      std::chrono::duration_cast<std::chrono::steady_clock::duration>(time.time_since_epoch()));
}

}  // namespace kvferry
