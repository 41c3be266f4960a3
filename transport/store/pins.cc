// SPDX-License-Identifier: MIT
#include "transport/store/pins.h"

#include <fcntl.h>

#include <chrono>
#include <thread>

namespace kvferry::store {
namespace {

constexpr int kAttempts = 1000;  // a millisecond apart

// Two cards with the same byte would be pinned together, which harms neither.
struct flock byte_of(const Digest& card, short kind) {
  struct flock range {};
  range.l_type = kind;
  range.l_whence = SEEK_SET;
  range.l_start = static_cast<off_t>(load_le<std::uint64_t>(card.bytes.data()) >> 2);
  range.l_len = 1;
  return range;
}

}  // namespace

bool Pins::lock(const Digest& card, short kind) const {
  if (!file_) return true;
  struct flock range = byte_of(card, kind);
  return ::fcntl(file_.get(), F_OFD_SETLK, &range) == 0;
}

std::shared_ptr<const void> Pins::pin(const Digest& card) {
  const std::lock_guard hold(mutex_);
  // An eviction is over in a moment, unless its process stands still; what is mapped stays valid even then.
  for (int i = 0; counts_[card] == 0 && !lock(card, F_RDLCK) && i < kAttempts; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  ++counts_[card];
  return {this, [self = shared_from_this(), card](const void*) { self->unpin(card); }};
}

void Pins::unpin(const Digest& card) {
  const std::lock_guard hold(mutex_);
  if (--counts_[card] > 0) return;
  counts_.erase(card);
  (void)lock(card, F_UNLCK);
}

std::shared_ptr<const void> Pins::try_bar(const Digest& card) {
  std::unique_lock hold(mutex_);
  if (counts_.count(card) != 0 || !lock(card, F_WRLCK)) return nullptr;
  // This process's own readers wait for the mutex instead.
  auto held = std::make_shared<std::unique_lock<std::mutex>>(std::move(hold));
  return {this, [self = shared_from_this(), held, card](const void*) { (void)self->lock(card, F_UNLCK); }};
}

bool Pins::is_pinned(const Digest& card) {
  const std::lock_guard hold(mutex_);
  if (counts_.count(card) != 0) return true;
  if (!file_) return false;
  struct flock range = byte_of(card, F_WRLCK);
  return ::fcntl(file_.get(), F_OFD_GETLK, &range) == 0 && range.l_type != F_UNLCK;
}

}  // namespace kvferry::store
