// SPDX-License-Identifier: GPL-2.0-only
#include "sim/helper/kv-lte-helper.h"

#include "tests/sim/networks.h"

namespace kvferry::sim {
namespace {

class SimLte : public NetworkTest {};

TEST_F(SimLte, carries_cards_from_a_host_on_the_internet) {
  const auto card = test::sample_card(1, 6, 6000);
  KvLteHelper lte;
  lte.SetReaders(2);
  lte.SetDistances({100, 600});
  for (const auto transport : {KvAgent::UDP, KvAgent::TCP}) {
    const auto moved = carry(lte, transport, card);
    EXPECT_TRUE(moved.all_arrived);
    EXPECT_EQ(moved.wire.ours.payload, moved.payload_bytes);
    EXPECT_GT(moved.completed_ns[0], 40'000'000);  // two round trips of the wire alone
    EXPECT_LT(moved.completed_ns[0], 1'000'000'000);
    EXPECT_FALSE(moved.packets.seesDrops);
  }
}

TEST_F(SimLte, as_many_as_may_be_attach) {
  KvLteHelper lte;
  lte.SetReaders(KvLteHelper::kMostReaders);
  EXPECT_TRUE(carry(lte, KvAgent::UDP, test::sample_card(3, 1, 500)).all_arrived);
}

TEST_F(SimLte, gives_the_same_times_for_the_same_run) {
  const auto card = test::sample_card(2, 3, 4000);
  const auto first = carry(KvLteHelper(), KvAgent::UDP, card, 1).chunk_times_ns;
  EXPECT_FALSE(first.empty());
  EXPECT_EQ(first, carry(KvLteHelper(), KvAgent::UDP, card, 1).chunk_times_ns);
}

TEST_F(SimLte, carries_version_6_of_ip) {
  KvLteHelper lte;
  lte.SetIpVersion(6);
  const auto network = lte.Install();
  ASSERT_TRUE(network) << network.error().message;
  const auto flow = echo(*network, network->readers.Get(0), network->sources.Get(0), network->remotes[0]);
  EXPECT_EQ(flow.receivedPackets, 1u);
  EXPECT_GT(flow.meanDelay, ns3::MilliSeconds(10));
}

TEST_F(SimLte, says_in_a_line_what_cannot_be) {
  KvLteHelper lte;
  lte.SetReaders(21);
  EXPECT_EQ(error_of(lte), "lte: 21 readers, expected 1 to 20");
  lte.SetReaders(3);
  lte.SetDistances({1, 2});
  EXPECT_EQ(error_of(lte), "lte: 2 distances, expected one for each of 3 readers");
  lte.SetDistances({-5});
  EXPECT_EQ(error_of(lte), "lte: a distance of -5.000000 m, expected 0 or more");
}

}  // namespace
}  // namespace kvferry::sim
