// SPDX-License-Identifier: GPL-2.0-only
#include "sim/helper/kv-dumbbell-helper.h"

#include "sim/helper/kv-trace-link-helper.h"
#include "tests/sim/networks.h"

namespace kvferry::sim {
namespace {

class SimDumbbell : public NetworkTest {};

TEST_F(SimDumbbell, pairs_share_the_bottleneck_and_each_byte_counts_there_once) {
  const auto card = test::sample_card(1, 12, 8000);
  KvLinkHelper bottleneck;
  bottleneck.SetDataRate(ns3::DataRate("4Mbps"));
  KvDumbbellHelper dumbbell;
  dumbbell.SetPairs(2);
  dumbbell.SetBottleneck(bottleneck);
  for (const auto transport : {KvAgent::UDP, KvAgent::TCP}) {
    const auto moved = carry(dumbbell, transport, card);
    EXPECT_TRUE(moved.all_arrived);
    EXPECT_EQ(moved.wire.ours.payload, moved.payload_bytes);
    EXPECT_EQ(moved.wire.GetTotal(), moved.device_bytes);
    const auto last = std::max(moved.completed_ns[0], moved.completed_ns[1]);
    EXPECT_GT(last, static_cast<std::int64_t>(moved.payload_bytes) * 2000 + 88'000'000);  // two round trips
  }
}

TEST_F(SimDumbbell, a_datagram_takes_three_links_in_either_version_of_ip) {
  for (const int version : {4, 6}) {
    ns3::Simulator::Destroy();
    KvDumbbellHelper dumbbell;
    KvLinkHelper bottleneck;
    bottleneck.SetDataRate(ns3::DataRate("8Mbps"));
    dumbbell.SetBottleneck(bottleneck);
    dumbbell.SetIpVersion(version);
    const auto network = dumbbell.Install();
    ASSERT_TRUE(network) << network.error().message;
    const auto flow =
        echo(*network, network->sources.Get(0), network->readers.Get(0), network->readerAddresses[0]);
    const auto bytes = 1000 + 8 + (version == 4 ? 20 : 40) + 2;
    EXPECT_EQ(flow.meanDelay,
              ns3::MilliSeconds(22) + ns3::MicroSeconds(bytes) + 2 * ns3::NanoSeconds(8 * bytes))
        << version;
  }
}

TEST_F(SimDumbbell, the_bottleneck_may_be_recorded) {
  const auto card = test::sample_card(2, 12, 8000);
  KvTraceLinkHelper recorded;
  const auto trace =
      std::make_shared<KvDeliveryTrace>(*KvDeliveryTrace::FromTimes(std::vector<std::uint64_t>{3}));
  recorded.SetTraces(trace, trace);
  recorded.SetQueueDiscipline("FqCoDel");
  KvDumbbellHelper dumbbell;
  dumbbell.SetBottleneck(recorded);
  for (const auto transport : {KvAgent::UDP, KvAgent::TCP}) {
    const auto moved = carry(dumbbell, transport, card);
    EXPECT_TRUE(moved.all_arrived);
    EXPECT_EQ(moved.wire.GetTotal(), moved.device_bytes);
    EXPECT_GT(moved.completed_ns[0], static_cast<std::int64_t>(moved.payload_bytes) * 2000);
  }
}

TEST_F(SimDumbbell, says_in_a_line_what_cannot_be) {
  KvDumbbellHelper dumbbell;
  dumbbell.SetPairs(0);
  EXPECT_EQ(error_of(dumbbell), "dumbbell: 0 pairs, expected 1 to 200");
  dumbbell.SetPairs(1);
  KvLinkHelper slow;
  slow.SetDataRate(ns3::DataRate("1Mbps"));
  dumbbell.SetAccess(slow);
  EXPECT_EQ(error_of(dumbbell), "dumbbell: access is slower than the bottleneck, expected at least its rate");
  slow.SetDataRate(ns3::DataRate(0));
  dumbbell.SetBottleneck(slow);
  EXPECT_EQ(error_of(dumbbell), "dumbbell: bottleneck: link: a rate of 0, expected more");
}

}  // namespace
}  // namespace kvferry::sim
