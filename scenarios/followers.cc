// SPDX-License-Identifier: MIT
#include "scenarios/followers.h"

#include <utility>

namespace kvferry {

void Followers::wait(const void* who, std::function<void()> look) {
  const std::lock_guard lock(mutex_);
  looks_[who] = std::move(look);
}

void Followers::forget(const void* who) {
  const std::lock_guard lock(mutex_);
  looks_.erase(who);
}

void Followers::changed() {
  const std::lock_guard lock(mutex_);
  for (const auto& [who, look] : looks_) look();
}

}  // namespace kvferry
