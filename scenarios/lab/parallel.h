// SPDX-License-Identifier: MIT
//
// Independent pieces of work on a few threads.
#pragma once

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "protocol/base/result.h"
#include "scenarios/lab/interrupt.h"

namespace kvferry {

// Calls work(i) for 0 <= i < count on up to `jobs` threads. After an error, or an interrupt, no further
// piece begins; the error is that of the lowest index that had one.
template <typename Work>
[[nodiscard]] Result<void> for_each_index(size_t count, int jobs, const Work& work) {
  std::atomic<size_t> next{0};
  std::atomic<bool> stop{false};
  std::mutex mutex;
  size_t failed_at = count;
  Error failure{"interrupted"};
  const auto run = [&] {
    for (size_t i = next++; i < count && !stop && !interrupted(); i = next++) {
      Result<void> done = work(i);
      if (done) continue;
      stop = true;
      const std::lock_guard lock(mutex);
      if (i < failed_at) {
        failed_at = i;
        failure = done.error();
      }
    }
  };
  std::vector<std::thread> threads;
  for (int i = 1; i < jobs; ++i) threads.emplace_back(run);
  run();
  for (auto& thread : threads) thread.join();
  if (failed_at < count || interrupted()) return failure;
  return {};
}

}  // namespace kvferry
