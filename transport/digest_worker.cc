// SPDX-License-Identifier: MIT
#include "transport/digest_worker.h"

#include <system_error>
#include <utility>

namespace kvferry {

DigestWorker& DigestWorker::shared() {
  static DigestWorker worker;
  return worker;
}

DigestWorker::~DigestWorker() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
    jobs_.clear();
  }
  news_.notify_one();
  if (thread_.joinable()) thread_.join();
}

bool DigestWorker::run(std::function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    try {
      if (!thread_.joinable()) thread_ = std::thread([this] { work(); });
    } catch (const std::system_error&) {
      return false;
    }
    jobs_.push_back(std::move(job));
  }
  news_.notify_one();
  return true;
}

void DigestWorker::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    news_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
    if (ending_) return;
    const auto job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    lock.lock();
  }
}

}  // namespace kvferry
