// SPDX-License-Identifier: MIT
//
// CUBIC (RFC 9438) with HyStart++ (RFC 9406), reacting once per recovery period
// and to persistent congestion as RFC 9002 §7 does; paced at 5/4 of a window per
// round trip. Windows are bytes; the RFC's segments are whole packets.
#pragma once

#include "protocol/datagram/congestion.h"
#include "protocol/datagram/hystart.h"

namespace kvferry {

class Cubic final : public CongestionController {
 public:
  Cubic(const CongestionOptions& options, std::size_t packet_bytes);
  void on_acked(const AckSample& sample) override;
  void on_lost(const LossSample& sample) override;
  void set_packet_bytes(std::size_t packet_bytes) override {
    packet_bytes_ = static_cast<double>(packet_bytes);
  }
  [[nodiscard]] std::uint64_t window_bytes() const override {
    return static_cast<std::uint64_t>(window_bytes_);
  }
  [[nodiscard]] double pacing_bytes_per_s() const override;

 private:
  // A stretch of congestion avoidance; the RFC's names beside ours.
  struct Epoch {
    Time began_at{};           // moves on while the application is the limit
    double packet_bytes = 0;   // SMSS
    double plateau_bytes = 0;  // W_max
    double plateau_s = 0;      // K
    double before_bytes = 0;   // cwnd_prior
    double reno_bytes = 0;     // W_est
  };

  void slow_start(const AckSample& sample);
  void grow(const AckSample& sample);
  void begin_epoch(Time now);
  [[nodiscard]] double cubic_bytes(double after_s) const;  // W_cubic

  double packet_bytes_;
  double max_window_bytes_;
  double window_bytes_;
  double threshold_bytes_;  // slow start below
  HyStart hystart_;
  std::optional<Epoch> epoch_;
  double last_plateau_bytes_ = 0;  // 0: the next epoch begins on its plateau (§4.8, §4.10)
  double window_before_loss_bytes_ = 0;
  std::optional<Time> recovery_began_at_;
  Time heard_at_{};
  Duration rtt_ = milliseconds(1);  // smoothed; before the first sample the initial window leaves at once
  bool has_rtt_ = false;
};

}  // namespace kvferry
