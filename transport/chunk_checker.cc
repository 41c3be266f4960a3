// SPDX-License-Identifier: MIT
#include "transport/chunk_checker.h"

#include <mutex>
#include <utility>

#include "transport/digest_worker.h"

namespace kvferry {
namespace {

constexpr std::size_t kWorthBytes = 4 * 1024;          // smaller chunks are compared sooner than sent there
constexpr std::uint64_t kMostWaitingBytes = 8u << 20;  // with the worker; but one chunk always may

bool matches(const ChunkCheck& check) { return sha256(check.payload.view()) == check.digest; }

}  // namespace

// What the worker knows of a connection, which may be gone before it has finished.
struct ChunkChecker::Shared {
  struct Result {
    CheckResult result;
    std::uint64_t size_bytes = 0;
  };

  std::mutex mutex;
  asio::io_context* io = nullptr;  // null once the connection is gone
  std::function<void()> on_results;
  std::vector<Result> results;

  static void compare(const std::shared_ptr<Shared>& shared, const ChunkCheck& check) {
    {
      const std::lock_guard lock(shared->mutex);
      if (!shared->io) return;
    }
    const bool right = matches(check);
    const std::lock_guard lock(shared->mutex);
    if (!shared->io) return;
    shared->results.push_back({{check.id, check.chunk, right}, check.payload.size()});
    if (shared->results.size() > 1) return;  // they come together
    asio::post(*shared->io, [shared] {
      if (shared->on_results) shared->on_results();
    });
  }
};

ChunkChecker::ChunkChecker(asio::io_context& io, std::function<void()> on_results)
    : shared_(std::make_shared<Shared>()) {
  shared_->io = &io;
  shared_->on_results = std::move(on_results);
}

ChunkChecker::~ChunkChecker() {
  const std::lock_guard lock(shared_->mutex);
  shared_->io = nullptr;
  shared_->on_results = nullptr;
}

std::optional<CheckResult> ChunkChecker::check(const ChunkCheck& check) {
  const std::uint64_t size_bytes = check.payload.size();
  const bool busy = waiting_bytes_ > 0 && waiting_bytes_ + size_bytes > kMostWaitingBytes;
  CheckResult result{check.id, check.chunk};
  if (size_bytes >= kWorthBytes && !busy) {
    const auto job = [shared = shared_, check] { Shared::compare(shared, check); };
    if (DigestWorker::shared().run(job)) {
      waiting_bytes_ += size_bytes;
      return std::nullopt;
    }
  }
  result.matches = matches(check);
  return result;
}

std::vector<CheckResult> ChunkChecker::take_results() {
  std::vector<Shared::Result> results;
  {
    const std::lock_guard lock(shared_->mutex);
    results.swap(shared_->results);
  }
  std::vector<CheckResult> out;
  for (const auto& each : results) {
    waiting_bytes_ -= each.size_bytes;
    out.push_back(each.result);
  }
  return out;
}

ConnectionConfig with_checks_by_driver(ConnectionConfig config) {
  if (config.verification == Verification::kInside) config.verification = Verification::kDeferred;
  return config;
}

}  // namespace kvferry
