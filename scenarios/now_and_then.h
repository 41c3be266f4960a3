// SPDX-License-Identifier: MIT
//
// Does something again and again, on a thread of its own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace kvferry {

class NowAndThen {
 public:
  NowAndThen(std::chrono::milliseconds every, std::function<void()> look)
      : every_(every), look_(std::move(look)), thread_([this] { run(); }) {}
  ~NowAndThen() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    thread_.join();
  }
  NowAndThen(const NowAndThen&) = delete;
  NowAndThen& operator=(const NowAndThen&) = delete;

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, every_, [this] { return stopping_; })) {
      lock.unlock();
      look_();
      lock.lock();
    }
  }

  std::chrono::milliseconds every_;
  std::function<void()> look_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

// How often files and pools are looked at that may have changed.
inline constexpr std::chrono::milliseconds kLookEvery{200};

}  // namespace kvferry
