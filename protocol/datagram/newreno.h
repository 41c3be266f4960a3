// SPDX-License-Identifier: MIT
//
// NewReno as in RFC 9002 §7: slow start, congestion avoidance, halving once per
// recovery period; paced at 5/4 of a window per round trip (§7.7).
#pragma once

#include "protocol/datagram/congestion.h"

namespace kvferry {

class NewReno final : public CongestionController {
 public:
  NewReno(const CongestionOptions& options, std::size_t max_datagram_bytes);
  void on_acked(const AckSample& sample) override;
  void on_lost(const LossSample& sample) override;
  void set_packet_bytes(std::size_t packet_bytes) override { packet_bytes_ = packet_bytes; }
  [[nodiscard]] std::uint64_t window_bytes() const override { return window_bytes_; }
  [[nodiscard]] double pacing_bytes_per_s() const override;

 private:
  std::uint64_t packet_bytes_;
  std::uint64_t max_window_bytes_;
  std::uint64_t window_bytes_;
  std::uint64_t threshold_bytes_ = UINT64_MAX;
  std::optional<Time> recovery_began_at_;
  Duration rtt_ = milliseconds(1);  // smoothed; before the first sample the initial window leaves at once
  bool has_rtt_ = false;
};

}  // namespace kvferry
