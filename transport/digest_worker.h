// SPDX-License-Identifier: MIT
//
// The thread that compares chunks with their digests, so that those of the
// connections go on meanwhile: one for the whole program, started when it is first
// needed.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace kvferry {

class DigestWorker {
 public:
  [[nodiscard]] static DigestWorker& shared();

  DigestWorker() = default;
  // Jobs that have not begun are dropped.
  ~DigestWorker();
  DigestWorker(const DigestWorker&) = delete;
  DigestWorker& operator=(const DigestWorker&) = delete;

  // In turn, from any thread. False where the system has no thread to give.
  [[nodiscard]] bool run(std::function<void()> job);

 private:
  void work();

  std::mutex mutex_;
  std::condition_variable news_;
  std::deque<std::function<void()>> jobs_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace kvferry
