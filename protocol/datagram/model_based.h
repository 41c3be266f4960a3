// SPDX-License-Identifier: MIT
//
// Model-based congestion control in the manner of BBR (Cardwell et al. 2016,
// draft-cardwell-iccrg-bbr-congestion-control-02): the path is a bandwidth (the
// largest delivery rate of the last ten rounds) and a delay (the least round
// trip of the last ten seconds); sending is paced at the bandwidth, and now and
// then a little above and below it. Loss counts only where a round loses 2 %
// more than cruising does.
//
//   kStartup ─pipe full─► kDrain ─flight ≤ 1 BDP─► kDown ─flight ≤ .85 BDP─► kCruise ─6 rounds─► kUp ─┐
//                                                    ▲───── flight ≥ 1.25 BDP, or too much loss ◄────┘
//   any ─least round trip is 10 s old─► kProbeRtt ─200 ms at half a BDP─► kDown
#pragma once

#include <array>

#include "protocol/base/rng.h"
#include "protocol/datagram/congestion.h"

namespace kvferry {

class ModelBased final : public CongestionController {
 public:
  ModelBased(const CongestionOptions& options, std::size_t max_datagram_bytes, std::uint64_t seed);
  void on_acked(const AckSample& sample) override;
  void on_lost(const LossSample& sample) override;
  void set_packet_bytes(std::size_t packet_bytes) override { packet_bytes_ = packet_bytes; }
  [[nodiscard]] std::uint64_t window_bytes() const override;
  [[nodiscard]] double pacing_bytes_per_s() const override;

 private:
  enum class Phase : std::uint8_t { kStartup, kDrain, kDown, kCruise, kUp, kProbeRtt };

  void update_round(const AckSample& sample);
  void update_bandwidth(const AckSample& sample);
  void update_min_rtt(const AckSample& sample);
  void end_round();
  void check_pipe_full();
  void learn_usual_loss();
  void step(const AckSample& sample);
  void enter(Phase phase, Time now);
  [[nodiscard]] bool losing_too_much() const;
  [[nodiscard]] double bandwidth() const;  // bytes/s; 0 while unknown
  [[nodiscard]] double bdp_bytes(double gain) const;
  [[nodiscard]] double pacing_gain() const;

  std::uint64_t packet_bytes_;
  std::uint64_t initial_window_bytes_;
  std::uint64_t max_window_bytes_;
  Rng rng_;
  Phase phase_ = Phase::kStartup;
  Time phase_began_at_{};
  std::uint64_t phase_rounds_ = 0;  // rounds since the phase began
  std::uint64_t cruise_rounds_ = 6;

  std::array<double, 10> best_rates_{};  // one per round, a ring
  std::uint64_t round_ = 0;
  std::uint64_t round_ends_at_bytes_ = 0;  // delivered
  bool round_began_ = false;               // with the present ACK
  bool round_app_limited_ = false;
  std::uint64_t round_delivered_bytes_ = 0;
  std::uint64_t round_lost_bytes_ = 0;
  std::uint64_t round_lost_packets_ = 0;
  double usual_loss_ = 0;  // share of bytes

  bool pipe_full_ = false;
  double full_rate_ = 0;
  int flat_rounds_ = 0;

  std::optional<Duration> min_rtt_;
  Time min_rtt_at_{};
  std::optional<std::uint64_t> ceiling_bytes_;  // in flight when loss was too much
};

}  // namespace kvferry
