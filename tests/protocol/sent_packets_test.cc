// SPDX-License-Identifier: MIT
//
// Packets in flight, and the timer that their loss is found by.
#include "protocol/datagram/sent_packets.h"

#include <gtest/gtest.h>

namespace kvferry {
namespace {

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
