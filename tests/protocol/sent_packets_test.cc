// SPDX-License-Identifier: MIT
//
// What is acknowledged, lost, and lost for too long.
#include "protocol/datagram/sent_packets.h"

#include <gtest/gtest.h>

namespace kvferry {
namespace {

constexpr Time kBegin = time_from_ns(1'000'000'000);
constexpr Duration kRtt = milliseconds(40);

class SentPacketsTest : public ::testing::Test {
 protected:
  void send(std::uint64_t number, Duration at) {
    SentPacket packet;
    packet.sent_at = kBegin + at;
    packet.size_bytes = 1000;
    sent_.add(number, std::move(packet));
    next_ = number + 1;
  }
  bool acknowledge(Duration at, std::vector<Range> ranges) {
    return sent_.on_ack(kBegin + at, AckFrame{std::move(ranges), {}}, next_, rtt_).ok();
  }
  // The round trip is known, so that there is a probe timeout: 40 + 4 · 20 + 25 ms, three times 435 ms.
  void know_the_round_trip() {
    send(0, Duration::zero());
    ASSERT_TRUE(acknowledge(kRtt, {{0, 1}}));
  }

  SentPackets sent_;
  RttEstimator rtt_;
  std::uint64_t next_ = 0;
};

TEST_F(SentPacketsTest, three_newer_ones_acknowledged_make_a_packet_lost) {
  for (std::uint64_t number = 0; number < 4; ++number) send(number, milliseconds(0));
  ASSERT_TRUE(acknowledge(kRtt, {{1, 3}}));
  EXPECT_TRUE(sent_.detect_lost(kBegin + kRtt, rtt_).packets.empty());
  ASSERT_TRUE(acknowledge(kRtt, {{1, 4}}));
  EXPECT_EQ(sent_.detect_lost(kBegin + kRtt, rtt_).sample.lost_packets, 1u);
  EXPECT_EQ(sent_.bytes_in_flight(), 0u);
}

// Congestion control would take it for a queue.
TEST_F(SentPacketsTest, what_the_peer_waited_is_not_in_the_round_trip_that_is_told) {
  know_the_round_trip();
  send(1, milliseconds(100));
  const AckFrame late{{{1, 2}}, milliseconds(25)};
  const auto told = sent_.on_ack(kBegin + milliseconds(100) + kRtt + milliseconds(25), late, next_, rtt_);
  EXPECT_EQ(told->sample->rtt, kRtt);
  send(2, milliseconds(200));
  const AckFrame liar{{{2, 3}}, milliseconds(25)};
  EXPECT_EQ(sent_.on_ack(kBegin + milliseconds(200) + kRtt, liar, next_, rtt_)->sample->rtt, kRtt);
}

// Else the rate of a ping would be taken for the path's.
TEST_F(SentPacketsTest, a_packet_alone_with_nothing_behind_it_is_not_the_paths_rate) {
  know_the_round_trip();
  sent_.note_app_limited();
  send(1, milliseconds(100));
  const auto alone = sent_.on_ack(kBegin + milliseconds(100) + kRtt, AckFrame{{{1, 2}}, {}}, next_, rtt_);
  EXPECT_TRUE(alone->sample->app_limited);
  send(2, milliseconds(200));
  const auto busy = sent_.on_ack(kBegin + milliseconds(200) + kRtt, AckFrame{{{2, 3}}, {}}, next_, rtt_);
  EXPECT_FALSE(busy->sample->app_limited);
}

TEST_F(SentPacketsTest, acknowledging_a_skipped_or_unsent_number_is_an_error) {
  send(0, milliseconds(0));
  sent_.skip(1);
  send(2, milliseconds(0));
  EXPECT_FALSE(acknowledge(kRtt, {{0, 3}}));
  EXPECT_FALSE(acknowledge(kRtt, {{2, 4}}));
  EXPECT_TRUE(acknowledge(kRtt, {{2, 3}, {0, 1}}));
}

TEST_F(SentPacketsTest, nothing_through_for_three_probe_timeouts_is_persistent) {
  know_the_round_trip();
  for (std::uint64_t number = 1; number <= 10; ++number)
    send(number, milliseconds(100 * static_cast<int>(number)));
  ASSERT_TRUE(acknowledge(milliseconds(1040), {{10, 11}, {0, 1}}));
  auto lost = sent_.detect_lost(kBegin + milliseconds(1040), rtt_);
  EXPECT_EQ(lost.sample.lost_packets, 9u);
  EXPECT_TRUE(lost.sample.persistent);
}

TEST_F(SentPacketsTest, one_packet_through_in_between_is_not_persistent) {
  know_the_round_trip();
  for (std::uint64_t number = 1; number <= 10; ++number)
    send(number, milliseconds(100 * static_cast<int>(number)));
  ASSERT_TRUE(acknowledge(milliseconds(1040), {{10, 11}, {5, 6}, {0, 1}}));
  auto lost = sent_.detect_lost(kBegin + milliseconds(1040), rtt_);
  EXPECT_EQ(lost.sample.lost_packets, 8u);
  EXPECT_FALSE(lost.sample.persistent);
}

TEST_F(SentPacketsTest, a_short_gap_is_not_persistent) {
  know_the_round_trip();
  for (std::uint64_t number = 1; number <= 10; ++number)
    send(number, milliseconds(100 + 40 * static_cast<int>(number)));
  ASSERT_TRUE(acknowledge(milliseconds(540), {{10, 11}, {0, 1}}));
  auto lost = sent_.detect_lost(kBegin + milliseconds(540), rtt_);
  EXPECT_EQ(lost.sample.lost_packets, 9u);
  EXPECT_FALSE(lost.sample.persistent);
}

// The timer was once due in the past when the next packet left.
TEST(SentPackets, that_were_all_recovered_leave_no_loss_timer_behind) {
  const Time now = time_from_ns(1'000'000'000);
  SentPackets sent;
  RttEstimator rtt;
  for (std::uint64_t number : {0, 1}) {
    SentPacket packet;
    packet.sent_at = now;
    packet.size_bytes = 100;
    sent.add(number, std::move(packet));
  }
  AckFrame ack;
  ack.ranges = {{1, 2}};
  ASSERT_TRUE(sent.on_ack(now + milliseconds(10), ack, 2, rtt));
  ASSERT_TRUE(sent.detect_lost(now + milliseconds(10), rtt).packets.empty());
  ASSERT_TRUE(sent.loss_time());
  ack.ranges = {{0, 1}};
  EXPECT_EQ(sent.take_recovered(now + milliseconds(10), ack).packets.size(), 1u);
  EXPECT_FALSE(sent.loss_time());
}

}  // namespace
}  // namespace kvferry
