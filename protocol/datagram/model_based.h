// SPDX-License-Identifier: MIT
//
// Model-based congestion control in the manner of BBR (Cardwell et al. 2016,
// draft-cardwell-iccrg-bbr-congestion-control-02): the path is a bandwidth (the
// largest delivery rate of the last ten rounds), a delay (the least round trip
// of the last ten seconds) and a loss that it has anyway (learnt in rounds that
// met no queue). Sending is paced so that the bandwidth arrives, and now and
// then a little above and below it. Beyond the usual loss, 2 % in a round are
// too much.
//
//   kStartup ─pipe full─► kDrain ─flight ≤ 1 BDP─► kCruise ─4 to 7 rounds─► kUp ─┐
//      ▲                                              ▲                          │
//      │                                            kDown ◄─ a queue, 3 rounds, ─┤
//      │                                                     or too much loss    │
//      └──────────────── much more arrives, and there is still no queue ─────────┘
//   any ─least round trip is 10 s old─► kProbeRtt ─200 ms at half a BDP─► kDown
//   any ─persistent congestion─► kStartup
//
// The window is 1.5 bandwidth-delay products: enough for what arrives in
// clumps, and what leaves a flow of CUBIC beside this one about its half.
#pragma once

#include <array>

#include "protocol/base/rng.h"
#include "protocol/datagram/congestion.h"

namespace kvferry {

class ModelBased final : public CongestionController {
 public:
  ModelBased(const CongestionOptions& options, std::size_t packet_bytes, std::uint64_t seed);
  void on_acked(const AckSample& sample) override;
  void on_lost(const LossSample& sample) override;
  void set_packet_bytes(std::size_t packet_bytes) override { packet_bytes_ = packet_bytes; }
  [[nodiscard]] std::uint64_t window_bytes() const override;
  [[nodiscard]] double pacing_bytes_per_s() const override;

 private:
  enum class Phase : std::uint8_t { kStartup, kDrain, kDown, kCruise, kUp, kProbeRtt };

  // What one round trip brought.
  struct Round {
    std::uint64_t delivered_bytes = 0;
    std::uint64_t lost_bytes = 0;
    std::uint64_t lost_packets = 0;
    std::optional<Duration> least_rtt;
    bool app_limited = false;
    [[nodiscard]] double lost_share() const;
  };

  void update_bandwidth(const AckSample& sample);
  void update_min_rtt(const AckSample& sample);
  void end_round();
  void check_pipe_full();
  void learn_usual_loss();
  void forget_older_rates();
  void step(const AckSample& sample);
  void step_up(const AckSample& sample);
  void enter(Phase phase, Time now);
  void start_over(Time now);
  [[nodiscard]] bool losing_too_much() const;
  [[nodiscard]] bool queued(std::optional<Duration> rtt) const;
  [[nodiscard]] double bandwidth() const;  // bytes/s; 0 while unknown
  [[nodiscard]] double sending_rate() const;
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

  std::array<double, 10> best_rates_{};    // one per round, a ring
  std::uint64_t rate_round_ = 0;           // counts the rounds that had enough to send
  std::uint64_t round_ends_at_bytes_ = 0;  // delivered
  Round round_;
  std::optional<Duration> last_round_rtt_;  // the least of the round before
  double usual_loss_ = 0;                   // share of bytes

  bool pipe_full_ = false;
  double full_rate_ = 0;
  int flat_rounds_ = 0;
  double rate_before_up_ = 0;

  Time acked_at_{};
  std::optional<Duration> latest_rtt_;
  std::optional<Duration> min_rtt_;
  Time min_rtt_at_{};
  std::optional<std::uint64_t> ceiling_bytes_;  // in flight when loss was too much
};

}  // namespace kvferry
