// SPDX-License-Identifier: MIT
#include "tests/netem/bottleneck.h"

#include <gtest/gtest.h>

#include <cmath>

#include "protocol/base/rng.h"

namespace kvferry::netem::test {
namespace {

constexpr Time kStart = time_from_ns(0);
Time at_ms(std::int64_t ms) { return kStart + milliseconds(ms); }

TEST(Bottleneck, a_train_of_packets_leaves_at_the_rate) {
  Bottleneck link(12e6, 100);  // 1,500 bytes a millisecond
  for (int i = 1; i <= 50; ++i) EXPECT_EQ(link.handle_packet(at_ms(5), 1500), at_ms(5 + i));
  EXPECT_EQ(link.handle_packet(at_ms(100), 750), at_ms(100) + Duration(500'000));
}

TEST(Bottleneck, without_a_rate_packets_leave_at_once) {
  Bottleneck link(0, 0);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(link.handle_packet(at_ms(i), 1500), at_ms(i));
}

TEST(Bottleneck, drops_what_finds_the_queue_full) {
  Bottleneck link(12e6, 25);
  int taken = 0;
  for (int i = 0; i < 100; ++i) taken += link.handle_packet(at_ms(0), 1500).has_value();
  EXPECT_EQ(taken, 26);  // one is being sent
  EXPECT_TRUE(link.handle_packet(at_ms(1), 1500));
  EXPECT_FALSE(link.handle_packet(at_ms(1), 1500));
  EXPECT_TRUE(link.handle_packet(at_ms(27), 1500));
}

// Pollaczek and Khinchine: with Poisson arrivals and equal services the mean wait is ρ / (2 (1 - ρ))
// services.
TEST(Bottleneck, packets_wait_as_in_an_m_d_1_queue) {
  for (const double load : {0.3, 0.6, 0.8}) {
    Bottleneck link(12e6, 1'000'000);
    Rng rng(3);
    double now_ms = 0, waited_ms = 0;
    constexpr int kPackets = 400'000;
    for (int i = 0; i < kPackets; ++i) {
      now_ms += -std::log(1 - rng.uniform()) / load;
      const Time now = kStart + from_seconds(now_ms * 1e-3);
      waited_ms += to_seconds(*link.handle_packet(now, 1500) - now) * 1e3 - 1;
    }
    const double expected_ms = load / (2 * (1 - load));
    EXPECT_NEAR(waited_ms / kPackets, expected_ms, 0.04 * expected_ms) << load;
  }
}

class TracedBottleneck : public testing::Test {
 protected:
  Time leaves(std::int64_t now_ms, std::size_t size_bytes) {
    return *link_.handle_packet(at_ms(now_ms), size_bytes);
  }
  Bottleneck link_{std::make_shared<const DeliveryTrace>(*DeliveryTrace::from_times_ms({2, 4, 4, 9})), 1000,
                   kStart};
};

TEST_F(TracedBottleneck, one_full_packet_leaves_an_opportunity) {
  for (const std::int64_t expected_ms : {2, 4, 4, 9, 11, 13}) EXPECT_EQ(leaves(0, 1500), at_ms(expected_ms));
}

TEST_F(TracedBottleneck, small_packets_share_an_opportunity) {
  for (const std::int64_t expected_ms : {2, 2, 2, 4}) EXPECT_EQ(leaves(0, 500), at_ms(expected_ms));
}

TEST_F(TracedBottleneck, a_packet_that_does_not_fit_goes_on_in_the_next) {
  EXPECT_EQ(leaves(0, 1000), at_ms(2));
  EXPECT_EQ(leaves(0, 1000), at_ms(4));
  EXPECT_EQ(leaves(0, 1000), at_ms(4));  // what is left of the first at 4 ms, and 500 of the second
}

TEST_F(TracedBottleneck, an_opportunity_that_nothing_waits_for_is_lost) {
  EXPECT_EQ(leaves(0, 100), at_ms(2));
  EXPECT_EQ(leaves(3, 1500), at_ms(4));
  EXPECT_EQ(leaves(5, 1500), at_ms(9));
  EXPECT_EQ(leaves(30, 1500), at_ms(31));
}

}  // namespace
}  // namespace kvferry::netem::test
