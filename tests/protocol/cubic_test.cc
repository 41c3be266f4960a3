// SPDX-License-Identifier: MIT
//
// CUBIC against the closed formulas of RFC 9438, and its reactions. The path
// here acknowledges a whole window each round trip and loses what it is told to.
#include "protocol/datagram/cubic.h"

#include <gtest/gtest.h>

#include <cmath>

namespace kvferry {
namespace {

constexpr std::size_t kPacket = 1200;

class CubicPath {
 public:
  explicit CubicPath(Duration rtt, std::uint32_t initial_packets = 10)
      : rtt_(rtt), cubic_(options(initial_packets), kPacket) {}

  // One round trip, acknowledged two packets at a time.
  void round() {
    std::uint64_t packets = std::max<std::uint64_t>(cubic_.window_bytes() / kPacket, 2);
    round_began_at_bytes_ = delivered_bytes_;
    for (std::uint64_t i = 0; i < packets; i += 2) {
      now_ += rtt_ * 2 / static_cast<std::int64_t>(packets);
      acknowledge(2 * kPacket, now_ - rtt_, rtt_, false);
    }
  }
  void acknowledge(std::uint64_t bytes, Time sent_at, Duration rtt, bool app_limited) {
    AckSample sample;
    sample.now = now_;
    sample.acked_bytes = bytes;
    sample.bytes_in_flight = app_limited ? 0 : cubic_.window_bytes();
    sample.newest_sent_at = sent_at;
    sample.delivered_when_sent = round_began_at_bytes_;
    sample.delivered_bytes = delivered_bytes_ += bytes;
    sample.rtt = rtt;
    sample.app_limited = app_limited;
    cubic_.on_acked(sample);
  }
  void lose(Time sent_at, bool persistent = false) {
    LossSample sample;
    sample.now = now_;
    sample.lost_bytes = kPacket;
    sample.lost_packets = 1;
    sample.newest_sent_at = sent_at;
    sample.persistent = persistent;
    cubic_.on_lost(sample);
  }
  // A loss, and the round trip after which the window may grow again.
  void lose_and_recover() {
    lose(now_);
    now_ += rtt_;
    acknowledge(kPacket, now_ - rtt_, rtt_, false);
  }
  void wait(Duration time) { now_ += time; }
  void set_rtt(Duration rtt) { rtt_ = rtt; }

  [[nodiscard]] Time now() const { return now_; }
  [[nodiscard]] double packets() const { return static_cast<double>(cubic_.window_bytes()) / kPacket; }
  Cubic& controller() { return cubic_; }

 private:
  static CongestionOptions options(std::uint32_t initial_packets) {
    CongestionOptions options;
    options.initial_window_packets = initial_packets;
    return options;
  }

  Duration rtt_;
  Cubic cubic_;
  Time now_ = time_from_ns(1'000'000'000);
  std::uint64_t delivered_bytes_ = 0;
  std::uint64_t round_began_at_bytes_ = 0;
};

// RFC 9438, figures 1 and 2.
double w_cubic(double t_s, double w_max, double window_at_start) {
  double k_s = std::cbrt((w_max - window_at_start) / 0.4);
  return 0.4 * std::pow(t_s - k_s, 3) + w_max;
}

TEST(Cubic, section_4_2_an_epoch_without_loss_follows_the_cubic_function) {
  CubicPath path(milliseconds(50), 2000);
  path.lose_and_recover();
  Time began_at = path.now();
  for (double t_s = 0; t_s < 20; t_s = to_seconds(path.now() - began_at)) {
    double expected = w_cubic(t_s, 2000, 1400);
    ASSERT_NEAR(path.packets(), expected, 1 + 0.01 * expected) << "after " << t_s << " s";
    path.round();
  }
  EXPECT_GT(path.packets(), 2200);  // past the plateau, K = 11.4 s
}

TEST(Cubic, section_4_2_the_window_is_that_of_one_round_trip_ahead_at_most) {
  CubicPath path(milliseconds(200), 2000);
  path.lose_and_recover();
  Time began_at = path.now();
  for (double t_s = 0; t_s < 20; t_s = to_seconds(path.now() - began_at)) {
    ASSERT_GE(path.packets(), w_cubic(t_s - 0.2, 2000, 1400) - 1) << "after " << t_s << " s";
    ASSERT_LE(path.packets(), w_cubic(t_s + 0.2, 2000, 1400) + 1) << "after " << t_s << " s";
    path.round();
  }
}

// On a short path Reno would grow faster: alpha packets a round trip, and one of them beyond the old window.
TEST(Cubic, section_4_3_the_reno_friendly_region_grows_as_reno_would) {
  constexpr double kAlpha = 3 * (1 - 0.7) / (1 + 0.7);
  CubicPath path(milliseconds(5), 40);
  path.lose_and_recover();
  double window = 0.7 * 40;
  for (int round = 0; round < 60; ++round) {
    ASSERT_NEAR(path.packets(), window, 1.5) << "round " << round;
    path.round();
    window += window < 40 ? kAlpha : 1;
  }
}

TEST(Cubic, section_4_6_a_round_of_losses_reduces_once_to_seven_tenths) {
  CubicPath path(milliseconds(40), 100);
  Time sent_before = path.now();
  path.wait(milliseconds(40));
  path.lose(sent_before);
  EXPECT_NEAR(path.packets(), 70, 0.01);
  path.wait(milliseconds(5));
  path.lose(sent_before + milliseconds(30));
  EXPECT_NEAR(path.packets(), 70, 0.01);
  path.wait(milliseconds(40));
  path.lose(path.now() - milliseconds(1));
  EXPECT_NEAR(path.packets(), 49, 0.01);
}

TEST(Cubic, section_4_7_a_flow_that_lost_before_its_plateau_gives_way) {
  CubicPath path(milliseconds(50), 2000);
  path.lose_and_recover();  // plateau 2000, window 1400
  path.lose_and_recover();  // 1400 is below: plateau 1400 · 0.85
  Time began_at = path.now();
  while (path.now() - began_at < std::chrono::seconds(6)) path.round();
  EXPECT_NEAR(path.packets(), w_cubic(6, 1400 * 0.85, 980), 15);
}

TEST(Cubic, section_4_8_persistent_congestion_leaves_two_packets_and_slow_start_up_to_the_threshold) {
  CubicPath path(milliseconds(40), 100);
  path.lose(path.now(), true);
  EXPECT_NEAR(path.packets(), 2, 0.01);
  for (int round = 0; round < 5; ++round) path.round();
  EXPECT_NEAR(path.packets(), 64, 1);
  path.round();
  path.round();
  EXPECT_NEAR(path.packets(), 72, 3);
}

TEST(Cubic, a_pause_of_the_application_does_not_count_as_time) {
  CubicPath path(milliseconds(10), 2000);
  path.lose_and_recover();
  for (int round = 0; round < 300; ++round) path.round();
  double before = path.packets();
  for (int second = 0; second < 20; ++second) {
    path.wait(std::chrono::seconds(1));
    path.acknowledge(kPacket, path.now() - milliseconds(10), milliseconds(10), true);
  }
  EXPECT_EQ(path.packets(), before);
  path.round();
  EXPECT_NEAR(path.packets(), before, 5);
}

TEST(Cubic, slow_start_ends_when_round_trips_grow) {
  CubicPath path(milliseconds(40));
  for (int round = 0; round < 4; ++round) path.round();
  EXPECT_NEAR(path.packets(), 160, 2);
  double before = path.packets();
  for (std::int64_t rtt_ms = 50; rtt_ms <= 110; rtt_ms += 10) {
    path.set_rtt(milliseconds(rtt_ms));
    path.round();
  }
  EXPECT_LT(path.packets(), before * 2 * std::pow(1.25, 6));  // doubling would be 128-fold
  double after = path.packets();
  path.round();
  EXPECT_LT(path.packets(), after * 1.05);  // congestion avoidance
}

TEST(Cubic, paces_at_five_quarters_of_a_window_per_round_trip) {
  CubicPath path(milliseconds(40), 100);
  path.round();
  EXPECT_NEAR(path.controller().pacing_bytes_per_s(), 1.25 * path.packets() * kPacket / 0.04, 1e4);
}

TEST(Cubic, larger_packets_make_the_same_window_grow_in_larger_steps) {
  CubicPath path(milliseconds(5), 40);
  path.lose_and_recover();
  path.round();
  double before = path.packets();
  path.controller().set_packet_bytes(2 * kPacket);
  path.lose(path.now());
  EXPECT_NEAR(path.packets(), before * 0.7, 0.01);
  path.wait(milliseconds(6));
  for (int round = 0; round < 10; ++round) path.round();
  EXPECT_NEAR(path.packets() - before * 0.7, 2 * 10 * 0.53, 2);
}

}  // namespace
}  // namespace kvferry
