// SPDX-License-Identifier: MIT
//
// Spreads packets over time: a bucket that fills at the pacing rate. Once it is
// empty it rests until a quantum is in it, a millisecond's worth but no more
// than the kernel takes at once, so that fast flows cost few timers and system
// calls. It holds a millisecond more, which a coarse timer may miss. A flow that
// only the pacer held back, and that is looked after late because the processor
// was busy, makes up for up to ten, within the kernel's bound: else it would slow
// down with every wait, learn that it is slow, and slow down further.
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
    rests_ = budget_bytes_ < (rests_ ? enough_bytes(rate_bytes_per_s) : 0);
    limits_ = limits_ || rests_;
    return !rests_;
  }
  // It is something else that holds the flow back.
  void on_other_limit() { limits_ = false; }
  // What leaves at once of a flow at this rate.
  [[nodiscard]] static double quantum_bytes(double rate_bytes_per_s) {
    return std::min(rate_bytes_per_s * kQuantum_s, kMostQuantumBytes);
  }
  void on_sent(std::size_t size_bytes) { budget_bytes_ -= static_cast<double>(size_bytes); }
  // When ready() will be true; call after it was not.
  [[nodiscard]] Time next(Time now, double rate_bytes_per_s) const {
    const double missing_bytes = enough_bytes(rate_bytes_per_s) - budget_bytes_;
    return now + std::max(from_seconds(missing_bytes / rate_bytes_per_s), Duration(1000));
  }

 private:
  static constexpr double kQuantum_s = 1e-3;
  static constexpr double kMostQuantumBytes = 64'000;
  static constexpr double kMostLate_s = 10e-3;

  // With the packet that makes it negative, a quantum.
  [[nodiscard]] double enough_bytes(double rate_bytes_per_s) const {
    return std::max(0.0, quantum_bytes(rate_bytes_per_s) - packet_bytes_);
  }
  void refill(Time now, double rate_bytes_per_s) {
    const double late_bytes = limits_ ? std::min(rate_bytes_per_s * kMostLate_s, kMostQuantumBytes) : 0;
    const double most = std::max({packet_bytes_, rate_bytes_per_s * 2 * kQuantum_s, late_bytes});
    budget_bytes_ = std::min(most, budget_bytes_ + to_seconds(now - filled_at_) * rate_bytes_per_s);
    filled_at_ = now;
  }

  double packet_bytes_;
  double budget_bytes_ = 0;
  bool rests_ = false;
  bool limits_ = false;  // since it last rested, nothing else did
  Time filled_at_{};
};

}  // namespace kvferry
