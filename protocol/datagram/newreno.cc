// SPDX-License-Identifier: MIT
#include "protocol/datagram/newreno.h"

#include <algorithm>

namespace kvferry {

NewReno::NewReno(const CongestionOptions& options, std::size_t max_datagram_bytes)
    : packet_bytes_(max_datagram_bytes),
      max_window_bytes_(options.max_window_bytes),
      window_bytes_(options.initial_window_packets * max_datagram_bytes) {}

void NewReno::on_acked(const AckSample& sample) {
  if (sample.rtt) {
    rtt_ = has_rtt_ ? (rtt_ * 7 + *sample.rtt) / 8 : *sample.rtt;
    has_rtt_ = true;
  }
  if (recovery_began_at_ && sample.newest_sent_at <= *recovery_began_at_) return;
  if (sample.app_limited && sample.bytes_in_flight + sample.acked_bytes < window_bytes_ / 2) return;
  if (window_bytes_ < threshold_bytes_) {
    window_bytes_ += sample.acked_bytes;
  } else {
    window_bytes_ += packet_bytes_ * sample.acked_bytes / window_bytes_;
  }
  window_bytes_ = std::min(window_bytes_, max_window_bytes_);
}

void NewReno::on_lost(const LossSample& sample) {
  std::uint64_t least = 2 * packet_bytes_;
  if (!recovery_began_at_ || sample.newest_sent_at > *recovery_began_at_) {
    recovery_began_at_ = sample.now;
    threshold_bytes_ = std::max(window_bytes_ / 2, least);
    window_bytes_ = threshold_bytes_;
  }
  if (sample.persistent) {
    window_bytes_ = least;
    recovery_began_at_.reset();
  }
}

double NewReno::pacing_bytes_per_s() const {
  return 1.25 * static_cast<double>(window_bytes_) / std::max(to_seconds(rtt_), 1e-4);
}

}  // namespace kvferry
