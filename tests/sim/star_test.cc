// SPDX-License-Identifier: GPL-2.0-only
#include "sim/helper/kv-star-helper.h"

#include "tests/sim/networks.h"

namespace kvferry::sim {
namespace {

class SimStar : public NetworkTest {};

TEST_F(SimStar, every_reader_gets_the_card_over_its_own_link) {
  const auto card = test::sample_card(1, 8, 6000);
  KvStarHelper star;
  star.SetReaders(3);
  for (const auto transport : {KvAgent::UDP, KvAgent::TCP}) {
    const auto moved = carry(star, transport, card);
    EXPECT_TRUE(moved.all_arrived);
    EXPECT_EQ(moved.wire.ours.payload, moved.payload_bytes);
    EXPECT_EQ(moved.wire.GetTotal(), moved.device_bytes);
  }
}

TEST_F(SimStar, readers_may_have_rates_of_their_own) {
  const auto card = test::sample_card(2, 8, 6000);
  KvStarHelper star;
  star.SetReaders(2);
  star.SetLinks(KvLinkHelper(), {ns3::DataRate("1Mbps"), ns3::DataRate("20Mbps")});
  const auto network = star.Install();
  ASSERT_TRUE(network) << network.error().message;
  EXPECT_EQ(network->capacity, ns3::DataRate("1Mbps"));
  const auto moved = move(*network, KvAgent::UDP, card);
  ASSERT_TRUE(moved.all_arrived);
  const auto serialization_ns = static_cast<std::int64_t>(card.manifest.payload_bytes()) * 8000;
  EXPECT_GT(moved.completed_ns[0], serialization_ns + 80'000'000);
  EXPECT_LT(moved.completed_ns[1], moved.completed_ns[0] / 2);
}

TEST_F(SimStar, readers_reach_each_other_through_the_source_in_either_version_of_ip) {
  for (const int version : {4, 6}) {
    ns3::Simulator::Destroy();
    KvStarHelper star;
    star.SetReaders(3);
    star.SetIpVersion(version);
    KvLinkHelper link;
    link.SetDataRate(ns3::DataRate("8Mbps"));
    link.SetDelay(ns3::MilliSeconds(5));
    star.SetLink(link);
    const auto network = star.Install();
    ASSERT_TRUE(network) << network.error().message;
    const auto flow =
        echo(*network, network->readers.Get(0), network->readers.Get(2), network->readerAddresses[2]);
    const auto bytes = 1000 + 8 + (version == 4 ? 20 : 40) + 2;
    EXPECT_EQ(flow.meanDelay, 2 * (ns3::MilliSeconds(5) + ns3::MicroSeconds(bytes))) << version;
  }
}

TEST_F(SimStar, says_in_a_line_what_cannot_be) {
  KvStarHelper star;
  star.SetReaders(0);
  EXPECT_EQ(error_of(star), "star: 0 readers, expected 1 to 1000");
  star.SetReaders(2);
  star.SetLinks(KvLinkHelper(), std::vector<ns3::DataRate>(3, ns3::DataRate("1Mbps")));
  EXPECT_EQ(error_of(star), "star: 3 rates, expected one for each of 2 readers");
  star.SetLinks(KvLinkHelper(), {ns3::DataRate("1Mbps"), ns3::DataRate(0)});
  EXPECT_EQ(error_of(star), "star: link: a rate of 0, expected more");
}

}  // namespace
}  // namespace kvferry::sim
