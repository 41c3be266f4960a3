// SPDX-License-Identifier: MIT
//
// Round-trip time after RFC 9002 §5, and the probe timeout of §6.2. The initial
// round trip is 150 ms instead of 333: a lost first packet costs half a second
// instead of a whole one, and on slower paths a spurious probe or two.
#pragma once

#include <algorithm>
#include <optional>

#include "protocol/base/time.h"

namespace kvferry {

class RttEstimator {
 public:
  static constexpr Duration kInitial = milliseconds(150);
  static constexpr Duration kGranularity = milliseconds(1);

  // Returns it without what the peer says it waited, unless that is less than the least.
  Duration sample(Duration latest, Duration ack_delay) {
    latest_ = latest;
    if (!min_) {
      min_ = smoothed_ = latest;
      variation_ = latest / 2;
      return latest;
    }
    min_ = std::min(*min_, latest);
    Duration adjusted = latest >= *min_ + ack_delay ? latest - ack_delay : latest;
    Duration error = smoothed_ > adjusted ? smoothed_ - adjusted : adjusted - smoothed_;
    variation_ = (variation_ * 3 + error) / 4;
    smoothed_ = (smoothed_ * 7 + adjusted) / 8;
    return adjusted;
  }

  [[nodiscard]] bool has_sample() const { return min_.has_value(); }
  [[nodiscard]] Duration smoothed() const { return smoothed_; }
  [[nodiscard]] Duration latest() const { return latest_; }
  [[nodiscard]] std::optional<Duration> min() const { return min_; }

  // One probe timeout, before doubling.
  [[nodiscard]] Duration probe_timeout(Duration max_ack_delay) const {
    return smoothed_ + std::max(variation_ * 4, kGranularity) + max_ack_delay;
  }
  // How long after a newer one was acknowledged a packet may still be late: 9/8 round trips (§6.1.2).
  [[nodiscard]] Duration loss_delay() const {
    return std::max(std::max(smoothed_, latest_) * 9 / 8, kGranularity);
  }

 private:
  std::optional<Duration> min_;
  Duration smoothed_ = kInitial;
  Duration variation_ = kInitial / 2;
  Duration latest_ = kInitial;
};

}  // namespace kvferry
