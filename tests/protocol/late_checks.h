// SPDX-License-Identifier: MIT
//
// Checks that a driver answers late: each after a delay of its own, so in any order.
#pragma once

#include <map>
#include <optional>

#include "protocol/base/rng.h"
#include "protocol/connection/connection.h"

namespace kvferry::test {

class LateChecks {
 public:
  explicit LateChecks(std::uint64_t seed) : rng_(seed) {}

  // Of those that come from now on; at first none.
  void delay_by_up_to(Duration most) { most_ = most; }

  // Takes what the connection hands out and answers what is due. True if there was anything.
  bool pump(Time now, Connection& connection) {
    bool any = false;
    while (auto check = connection.poll_check()) {
      waiting_.emplace(
          now + Duration(static_cast<std::int64_t>(rng_.uniform() * static_cast<double>(most_.count()))),
          std::move(*check));
      any = true;
    }
    while (!waiting_.empty() && waiting_.begin()->first <= now) {
      const ChunkCheck check = std::move(waiting_.extract(waiting_.begin()).mapped());
      connection.handle_checked(now, check.id, check.chunk, sha256(check.payload.view()) == check.digest);
      any = true;
    }
    return any;
  }
  [[nodiscard]] std::optional<Time> next() const {
    return waiting_.empty() ? std::nullopt : std::optional(waiting_.begin()->first);
  }

 private:
  Rng rng_;
  Duration most_{};
  std::multimap<Time, ChunkCheck> waiting_;
};

}  // namespace kvferry::test
