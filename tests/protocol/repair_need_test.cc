// SPDX-License-Identifier: MIT
//
// From worth to the number of repair packets.
#include "protocol/datagram/repair_need.h"

#include <gtest/gtest.h>

#include "protocol/datagram/repair_code.h"
#include "protocol/datagram/repair_rate.h"

namespace kvferry::test {
namespace {

RepairNeed need_of(double worth_packets, std::uint64_t chunk = 0) {
  RepairNeed need;
  need.add({0, chunk}, worth_packets);
  return need;
}

RepairNeed usual_need() {
  RepairNeed need;
  need.add_usual();
  return need;
}

TEST(RepairNeed, grows_with_worth_and_with_loss) {
  for (std::size_t k : {1, 8, 48}) {
    std::size_t before = 0;
    for (double worth = 1; worth < 1e12; worth *= 2) {
      const std::size_t count = need_of(worth).count(k, 0.02);
      ASSERT_TRUE(count >= before && count <= k);
      before = count;
    }
    before = 0;
    for (double loss = 0; loss < 0.6; loss += 0.001) {
      const std::size_t count = need_of(1e5).count(k, loss);
      ASSERT_TRUE(count >= before && count <= std::min(k, kMaxRepairSymbols));
      before = count;
    }
  }
}

TEST(RepairNeed, is_none_of_what_is_worth_no_packet) {
  EXPECT_EQ(RepairNeed().count(48, 0.05), 0u);
  EXPECT_EQ(need_of(0).count(48, 0.05), 0u);
  EXPECT_EQ(need_of(8).count(48, 0.05), 0u);  // an eighth of it is lost
}

// An eighth of a block's packets is missing when it fails.
TEST(RepairNeed, leaves_less_than_a_packet_to_be_lost_on_average) {
  for (double worth : {1e2, 1e4, 1e6})
    EXPECT_EQ(need_of(8 * worth).count(48, 0.02), repair_count(48, 0.02, 1 / worth));
}

TEST(RepairNeed, of_a_unit_is_no_more_than_the_unit_however_many_packets_hold_it) {
  RepairNeed many;
  for (int packet = 0; packet < 40; ++packet) many.add(need_of(1e4));
  EXPECT_EQ(many.count(48, 0.02), repair_count(48, 0.02, 1e-4));
  RepairNeed two;
  for (std::uint64_t chunk : {1, 2}) {
    for (int packet = 0; packet < 8; ++packet) two.add(need_of(5e3, chunk));
  }
  EXPECT_EQ(two.count(48, 0.02), repair_count(48, 0.02, 1e-4));
}

TEST(RepairNeed, of_what_nothing_is_known_of_is_as_usual) {
  for (std::size_t k : {1, 8, 48}) {
    for (double loss : {0.0, 1e-3, 0.05}) EXPECT_EQ(usual_need().count(k, loss), repair_count(k, loss));
  }
  RepairNeed both = usual_need();
  both.add(need_of(1e9));
  EXPECT_EQ(both.count(48, 0.02), need_of(1e9).count(48, 0.02));
}

TEST(RepairNeed, of_known_worth_makes_the_largest_blocks) {
  EXPECT_EQ(need_of(1).block_packets(), kMaxRepairSources);
  EXPECT_EQ(usual_need().block_packets(), 48u);
}

TEST(RepairNeed, ends_a_block_before_what_is_worth_nothing) {
  EXPECT_TRUE(need_of(1).should_end_before(need_of(0)));
  EXPECT_FALSE(need_of(1e9).should_end_before(need_of(1)));
  EXPECT_FALSE(need_of(1).should_end_before(usual_need()));
  EXPECT_FALSE(need_of(0).should_end_before(need_of(0)));
  EXPECT_FALSE(RepairNeed().should_end_before(need_of(0)));
}

}  // namespace
}  // namespace kvferry::test
