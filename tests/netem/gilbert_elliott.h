// SPDX-License-Identifier: MIT
//
// Loss in bursts: a chain of two states that moves once a packet (Gilbert 1960, Elliott 1963). Here nothing
// is lost in the good state, all in the bad one.
#pragma once

#include "protocol/base/rng.h"

namespace kvferry::netem {

class GilbertElliott {
 public:
  // mean_loss in [0, 1); mean_burst_packets, at least 1, is how many are lost in a row.
  GilbertElliott(double mean_loss, double mean_burst_packets, std::uint64_t seed)
      : to_good_(1 / mean_burst_packets), to_bad_(to_good_ * mean_loss / (1 - mean_loss)), rng_(seed) {}

  // Whether the next packet is lost.
  [[nodiscard]] bool loses() {
    if (rng_.chance(bad_ ? to_good_ : to_bad_)) bad_ = !bad_;
    return bad_;
  }

 private:
  double to_good_;
  double to_bad_;
  Rng rng_;
  bool bad_ = false;
};

}  // namespace kvferry::netem
