// SPDX-License-Identifier: MIT
//
// Time is a signed 64-bit count of nanoseconds on a clock that only the caller
// reads: a core takes `now` as an argument. Any epoch will do.
#pragma once

#include <chrono>
#include <cstdint>

namespace kvferry {

using Duration = std::chrono::duration<std::int64_t, std::nano>;

// A clock without now(): real time, simulated time and test time all map to it.
struct CallerClock {
  using rep = std::int64_t;
  using period = std::nano;
  using duration = Duration;
  using time_point = std::chrono::time_point<CallerClock, Duration>;
  static constexpr bool is_steady = true;
};

using Time = CallerClock::time_point;

[[nodiscard]] constexpr Time time_from_ns(std::int64_t count_ns) { return Time(Duration(count_ns)); }
[[nodiscard]] constexpr Duration milliseconds(std::int64_t count_ms) {
  return std::chrono::milliseconds(count_ms);
}
[[nodiscard]] constexpr double to_seconds(Duration d) { return static_cast<double>(d.count()) * 1e-9; }
[[nodiscard]] constexpr Duration from_seconds(double s) {
  return Duration(static_cast<std::int64_t>(s * 1e9));
}
[[nodiscard]] constexpr std::int64_t to_us(Duration d) { return d.count() / 1000; }

}  // namespace kvferry
