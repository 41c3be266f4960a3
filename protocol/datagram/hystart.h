// SPDX-License-Identifier: MIT
//
// HyStart++ (RFC 9406): slow start ends when round trips grow, before the queue
// overflows. Growth is a quarter as fast for five rounds, in case the round
// trips grew for another reason.
#pragma once

#include <algorithm>
#include <optional>

#include "protocol/datagram/congestion.h"

namespace kvferry {

class HyStart {
 public:
  // By how much the window grows for so many bytes acknowledged.
  [[nodiscard]] std::uint64_t growth(std::uint64_t acked_bytes) const {
    return baseline_ ? acked_bytes / kConservativeDivisor : acked_bytes;
  }

  // True: slow start is over.
  [[nodiscard]] bool on_acked(const AckSample& sample) {
    if (sample.delivered_when_sent >= round_ends_at_bytes_) {
      round_ends_at_bytes_ = sample.delivered_bytes;
      last_min_rtt_ = min_rtt_;
      min_rtt_.reset();
      samples_ = 0;
      if (baseline_ && ++conservative_rounds_ >= kConservativeRounds) return true;
    }
    if (!sample.rtt) return false;
    min_rtt_ = std::min(min_rtt_.value_or(*sample.rtt), *sample.rtt);
    if (++samples_ < kSamples) return false;
    if (baseline_) {
      if (*min_rtt_ < *baseline_) baseline_.reset();
    } else if (last_min_rtt_ &&
               *min_rtt_ >= *last_min_rtt_ + std::clamp(*last_min_rtt_ / 8, kLeastGrowth, kMostGrowth)) {
      baseline_ = min_rtt_;
      conservative_rounds_ = 0;
    }
    return false;
  }

 private:
  static constexpr int kSamples = 8;
  static constexpr int kConservativeRounds = 5;
  static constexpr std::uint64_t kConservativeDivisor = 4;
  static constexpr Duration kLeastGrowth = milliseconds(4);
  static constexpr Duration kMostGrowth = milliseconds(16);

  std::uint64_t round_ends_at_bytes_ = 0;  // delivered
  std::optional<Duration> min_rtt_;        // of this round
  std::optional<Duration> last_min_rtt_;   // of the round before
  int samples_ = 0;                        // of this round
  std::optional<Duration> baseline_;       // growth is conservative since it was this round's
  int conservative_rounds_ = 0;
};

}  // namespace kvferry
