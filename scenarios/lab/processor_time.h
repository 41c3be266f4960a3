// SPDX-License-Identifier: MIT
//
// Processor time of work on one thread: other work on the device does not count.
#pragma once

#include <algorithm>
#include <array>
#include <ctime>

namespace kvferry {

template <typename Work>
[[nodiscard]] double seconds_of(const Work& work) {
  const auto started = std::clock();
  work();
  return static_cast<double>(std::clock() - started) / CLOCKS_PER_SEC;
}

// Of what `measure` returns; it is called once before, to warm caches and allocators.
template <typename Measure>
[[nodiscard]] double median_of_five(const Measure& measure) {
  (void)measure();
  std::array<double, 5> values{};
  for (auto& value : values) value = measure();
  std::sort(values.begin(), values.end());
  return values[2];
}

}  // namespace kvferry
