// SPDX-License-Identifier: GPL-2.0-only
#include "sim/helper/kv-background-helper.h"

#include "sim/helper/kv-chain-helper.h"
#include "sim/helper/kv-csma-helper.h"
#include "sim/helper/kv-dumbbell-helper.h"
#include "sim/helper/kv-lte-helper.h"
#include "sim/helper/kv-pair-helper.h"
#include "sim/helper/kv-star-helper.h"
#include "sim/helper/kv-wifi-helper.h"
#include "tests/sim/networks.h"

namespace kvferry::sim {
namespace {

class SimBackground : public NetworkTest {
 protected:
  static KvDumbbellHelper dumbbell() {
    KvLinkHelper bottleneck;
    bottleneck.SetDataRate(ns3::DataRate("10Mbps"));
    KvDumbbellHelper dumbbell;
    dumbbell.SetBottleneck(bottleneck);
    dumbbell.SetCrossPairs(2);
    return dumbbell;
  }
  static std::string error(const KvBackgroundHelper& background, const KvTopology& network) {
    const auto installed = background.Install(network);
    return installed ? "none" : installed.error().message;
  }
};

TEST_F(SimBackground, udp_has_its_share_of_the_bottleneck_on_average) {
  for (const int version : {4, 6}) {
    ns3::Simulator::Destroy();
    auto helper = dumbbell();
    helper.SetIpVersion(version);
    const auto network = helper.Install();
    ASSERT_TRUE(network) << network.error().message;
    KvBackgroundHelper background;
    background.SetUdpShare(0.3);
    background.SetUdpFlows(8);
    const auto flows = background.Install(*network);
    ASSERT_TRUE(flows) << flows.error().message;
    EXPECT_EQ(KvBackgroundHelper::AssignStreams(*flows, 50), 16);
    KvFlowMonitorHelper monitor;
    monitor.Install(*network);
    constexpr double kSeconds = 40;
    ns3::Simulator::Stop(ns3::Seconds(kSeconds));
    ns3::Simulator::Run();
    double bytes = 0;
    for (const auto& flow : monitor.GetFlows()) bytes += static_cast<double>(flow.receivedBytes);
    EXPECT_NEAR(bytes * 8 / kSeconds / 10e6, 0.3, 0.03) << version;
  }
}

TEST_F(SimBackground, tcp_fills_the_bottleneck_between_its_start_and_its_stop) {
  const auto network = dumbbell().Install();
  ASSERT_TRUE(network) << network.error().message;
  KvBackgroundHelper background;
  background.SetTcpFlows(2);
  background.SetStart(ns3::Seconds(1));
  background.SetStop(ns3::Seconds(6));
  ASSERT_TRUE(background.Install(*network));
  KvWireMeter meter;
  network->Attach(meter);
  ns3::Simulator::Stop(ns3::MilliSeconds(999));
  ns3::Simulator::Run();
  EXPECT_EQ(meter.GetDeviceBytes(), 0u);
  ns3::Simulator::Stop(ns3::Seconds(5));
  ns3::Simulator::Run();
  EXPECT_GT(static_cast<double>(meter.GetDeviceBytes()), 0.8 * 5 * 10e6 / 8);
  const auto at_stop = meter.GetDeviceBytes();
  ns3::Simulator::Stop(ns3::Seconds(20));
  ns3::Simulator::Run();
  EXPECT_LT(static_cast<double>(meter.GetDeviceBytes() - at_stop), 2 * 10e6 / 8);  // what was in the queues
}

TEST_F(SimBackground, slows_the_agents_and_is_in_no_class_of_theirs) {
  const auto card = test::sample_card(1, 40, 16000);
  for (const auto transport : {KvAgent::UDP, KvAgent::TCP}) {
    const auto alone = carry(dumbbell(), transport, card);
    ns3::Simulator::Destroy();
    set_run(1);
    const auto network = dumbbell().Install();
    ASSERT_TRUE(network) << network.error().message;
    KvBackgroundHelper background;
    background.SetTcpFlows(3);
    background.SetUdpShare(0.4);
    const auto flows = background.Install(*network);
    ASSERT_TRUE(flows) << flows.error().message;
    KvBackgroundHelper::AssignStreams(*flows, 500);
    const auto moved = move(*network, transport, card);
    EXPECT_TRUE(moved.all_arrived);
    EXPECT_LE(moved.wire.ours.payload, moved.payload_bytes);
    EXPECT_GE(moved.wire.ours.payload + moved.wire.ours.retransmitted, moved.payload_bytes);
    EXPECT_GT(moved.completed_ns[0], alone.completed_ns[0]);
    EXPECT_GT(moved.device_bytes, moved.wire.GetTotal());
    const auto headers =
        static_cast<double>(moved.wire.lowerLayers) / static_cast<double>(moved.packets.sent);
    EXPECT_GE(headers, 30);
    EXPECT_LE(headers, 82);  // PPP, IP, and TCP with all its options
  }
}

// On the same nodes and links, with TCP in both: only the port tells their packets apart.
TEST_F(SimBackground, is_told_from_the_agents_by_its_ports) {
  const auto card = test::sample_card(2, 12, 8000);
  KvPairHelper pair;
  const auto alone = carry(pair, KvAgent::TCP, card);
  ns3::Simulator::Destroy();
  const auto network = pair.Install();
  KvBackgroundHelper background;
  background.SetTcpFlows(1);
  background.SetStart(ns3::Seconds(10));
  ASSERT_TRUE(background.Install(*network));
  const auto beside = move(*network, KvAgent::TCP, card);
  EXPECT_EQ(beside.wire.GetTotal(), alone.wire.GetTotal());
}

TEST_F(SimBackground, gives_the_same_times_for_the_same_run_and_others_for_another) {
  const auto card = test::sample_card(3, 24, 8000);
  const auto times = [&](std::uint64_t run) {
    ns3::Simulator::Destroy();
    set_run(run);
    const auto network = dumbbell().Install();
    KvBackgroundHelper background;
    background.SetTcpFlows(1);
    background.SetUdpShare(0.4);
    KvBackgroundHelper::AssignStreams(*background.Install(*network), 500);
    return move(*network, KvAgent::UDP, card).chunk_times_ns;
  };
  const auto first = times(1);
  EXPECT_FALSE(first.empty());
  EXPECT_EQ(first, times(1));
  EXPECT_NE(first, times(2));
}

TEST_F(SimBackground, crosses_every_network_in_either_version_of_ip) {
  KvDumbbellHelper shared;
  shared.SetCrossPairs(0);
  KvCsmaHelper bus;
  bus.SetContenders(1);
  KvWifiHelper air;
  air.SetContenders(1);
  KvPairHelper pair;
  KvStarHelper star;
  KvChainHelper chain;
  KvLteHelper lte;
  const std::vector<KvTopologyHelper*> helpers = {&pair, &star, &chain, &shared, &bus, &air, &lte};
  for (std::size_t i = 0; i < helpers.size(); ++i) {
    for (const int version : {4, 6}) {
      SCOPED_TRACE(std::to_string(i) + " with version " + std::to_string(version));
      ns3::Simulator::Destroy();
      set_run(1);
      helpers[i]->SetIpVersion(version);
      const auto network = helpers[i]->Install();
      ASSERT_TRUE(network) << network.error().message;
      KvBackgroundHelper background;
      background.SetTcpFlows(1);
      background.SetUdpRate(ns3::DataRate("200kbps"));
      background.SetOnOff(ns3::Seconds(1), ns3::Time());
      background.SetStart(network->ready);
      const auto flows = background.Install(*network);
      ASSERT_TRUE(flows) << flows.error().message;
      KvFlowMonitorHelper monitor;
      monitor.Install(*network);
      ns3::Simulator::Stop(network->ready + ns3::MilliSeconds(300));
      ns3::Simulator::Run();
      std::uint64_t tcp = 0, udp = 0;
      for (const auto& flow : monitor.GetFlows()) (flow.protocol == 6 ? tcp : udp) += flow.receivedBytes;
      EXPECT_GT(tcp, 10'000u);
      EXPECT_GT(udp, 2'000u);
    }
  }
}

TEST_F(SimBackground, says_in_a_line_what_cannot_be) {
  const auto network = KvPairHelper().Install();
  KvBackgroundHelper background;
  background.SetUdpShare(1.1);
  EXPECT_EQ(error(background, *network), "background: a share of 1.100000, expected 0 to 1");
  background.SetUdpShare(0.5);
  background.SetUdpFlows(0);
  EXPECT_EQ(error(background, *network), "background: UDP in 0 flows, expected at least 1");
  background.SetUdpFlows(1);
  EXPECT_EQ(error(background, KvTopology()), "background: the network has nowhere to send from");
  auto unknown = *network;
  unknown.capacity = ns3::DataRate(0);
  EXPECT_EQ(error(background, unknown),
            "background: a share of a capacity that is not known, expected a rate");
  background.SetUdpRate(ns3::DataRate("1Mbps"));
  EXPECT_EQ(error(background, *network), "background: a share and a rate, expected one of them");
  KvBackgroundHelper slow;
  slow.SetUdpRate(ns3::DataRate(1500));
  slow.SetUdpFlows(2);
  EXPECT_EQ(error(slow, *network), "background: UDP flows of 750 bit/s, expected 0 or at least 1000");
  KvBackgroundHelper late;
  late.SetStart(ns3::Seconds(2));
  late.SetStop(ns3::Seconds(1));
  EXPECT_EQ(error(late, *network),
            "background: it stops before it starts, expected a start of 0 or more and a later stop");
}

}  // namespace
}  // namespace kvferry::sim
