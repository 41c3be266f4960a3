// SPDX-License-Identifier: MIT
//
// Spreads packets over time: a bucket that fills at the pacing rate and holds
// what a coarse timer may miss.
#pragma once

#include <algorithm>

#include "protocol/base/time.h"

namespace kvferry {

class Pacer {
 public:
  explicit Pacer(std::size_t packet_bytes) : packet_bytes_(static_cast<double>(packet_bytes)) {}

  // May a packet leave now?
  [[nodiscard]] bool ready(Time now, double rate_bytes_per_s) {
    refill(now, rate_bytes_per_s);
    return budget_bytes_ >= 0;
  }
  void on_sent(std::size_t size_bytes) { budget_bytes_ -= static_cast<double>(size_bytes); }
  // When ready() will be true; call after it was not.
  [[nodiscard]] Time next(Time now, double rate_bytes_per_s) const {
    return now + std::max(from_seconds(-budget_bytes_ / rate_bytes_per_s), Duration(1000));
  }

 private:
  void refill(Time now, double rate_bytes_per_s) {
    constexpr double kTimerSlack_s = 1e-3;
    double most = std::max(packet_bytes_, rate_bytes_per_s * kTimerSlack_s);
    budget_bytes_ = std::min(most, budget_bytes_ + to_seconds(now - filled_at_) * rate_bytes_per_s);
    filled_at_ = now;
  }

  double packet_bytes_;
  double budget_bytes_ = 0;
  Time filled_at_{};
};

}  // namespace kvferry
