// SPDX-License-Identifier: MIT
//
// The latest identifiers of connections that have ended, so that what is still
// on its way, or was recorded, does not open them again.
#pragma once

#include <cstdint>
#include <deque>
#include <set>

namespace kvferry {

class RecentIds {
 public:
  static constexpr std::size_t kMax = 4096;

  void add(std::uint64_t id) {
    if (!ids_.insert(id).second) return;
    order_.push_back(id);
    if (order_.size() <= kMax) return;
    ids_.erase(order_.front());
    order_.pop_front();
  }
  [[nodiscard]] bool contains(std::uint64_t id) const { return ids_.contains(id); }

 private:
  std::set<std::uint64_t> ids_;
  std::deque<std::uint64_t> order_;
};

}  // namespace kvferry
