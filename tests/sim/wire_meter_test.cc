// SPDX-License-Identifier: GPL-2.0-only
#include "sim/model/kv-wire-meter.h"

#include <gtest/gtest.h>
#include <ns3/enum.h>
#include <ns3/internet-stack-helper.h>
#include <ns3/ipv4-address-helper.h>
#include <ns3/simulator.h>

#include "sim/helper/kv-agent-helper.h"
#include "sim/helper/kv-chain-helper.h"
#include "sim/helper/kv-link-helper.h"
#include "sim/helper/kv-pair-helper.h"
#include "tests/sim/networks.h"
#include "tests/sim/sim_plans.h"

namespace kvferry::sim {
namespace {

constexpr std::uint64_t kUdpHeaders = 2 + 20 + 8;  // PPP, IPv4, UDP

// Two agents on one link, built as a user of the module would.
class SimWireMeter : public ::testing::Test {
 protected:
  ~SimWireMeter() override { ns3::Simulator::Destroy(); }

  void transfer(KvAgent::Transport transport, const Card& card) {
    nodes_.Create(2);
    ns3::InternetStackHelper internet;
    internet.SetIpv6StackInstall(false);
    internet.Install(nodes_);
    const auto devices = KvLinkHelper().Install(nodes_.Get(0), nodes_.Get(1));
    meter_.Attach(devices.Get(0));
    meter_.Attach(devices.Get(1));
    const auto addresses = ns3::Ipv4AddressHelper("10.0.0.0", "255.255.255.252").Assign(devices);
    KvAgentHelper agents;
    agents.SetAttribute("Transport", ns3::EnumValue(transport));
    source_ = agents.InstallSource(nodes_.Get(0));
    source_->AddCard("a", std::make_shared<CardSource>(card));
    reader_ = agents.InstallReader(nodes_.Get(1), addresses.GetAddress(0));
    RequestOptions request;
    request.document = "a";
    reader_->AddRequest(request, std::make_shared<CardSink>());
    ns3::Simulator::Run();
  }

  [[nodiscard]] ByteClasses sent_by_both() const {
    auto sum = source_->GetSession(0).GetConnection().ledger().sent;
    const auto reader = reader_->GetSession()->GetConnection().ledger().sent;
    sum.payload += reader.payload;
    sum.framing += reader.framing;
    sum.signalling += reader.signalling;
    sum.acks += reader.acks;
    sum.retransmitted += reader.retransmitted;
    sum.fec += reader.fec;
    return sum;
  }

  ns3::NodeContainer nodes_;
  KvWireMeter meter_;
  ns3::Ptr<KvSource> source_;
  ns3::Ptr<KvReader> reader_;
};

TEST_F(SimWireMeter, agrees_with_both_ledgers_on_a_clean_udp_link) {
  transfer(KvAgent::UDP, test::sample_card(1, 6, 4000));
  ASSERT_TRUE(reader_->IsComplete());
  EXPECT_EQ(meter_.GetBytes().ours, sent_by_both());
  EXPECT_EQ(meter_.GetBytes().lowerLayers, meter_.GetPackets().sent * kUdpHeaders);
  EXPECT_EQ(meter_.GetBytes().GetTotal(), meter_.GetDeviceBytes());
}

TEST_F(SimWireMeter, agrees_with_both_ledgers_on_a_clean_tcp_link) {
  transfer(KvAgent::TCP, test::sample_card(2, 6, 4000));
  ASSERT_TRUE(reader_->IsComplete());
  EXPECT_EQ(meter_.GetBytes().ours, sent_by_both());
  EXPECT_EQ(meter_.GetBytes().GetTotal(), meter_.GetDeviceBytes());
  EXPECT_EQ(meter_.GetPackets().retransmissions, 0u);
}

class SimNodeMeter : public NetworkTest {};

// FlowMonitor counts IP too, and in its own way.
TEST_F(SimNodeMeter, counts_what_ip_sends_as_the_flow_monitor_does) {
  for (const auto transport : {KvAgent::UDP, KvAgent::TCP}) {
    ns3::Simulator::Destroy();
    auto network = *KvPairHelper().Install();
    network.meteredAtNodes = true;
    KvFlowMonitorHelper monitor;
    monitor.Install(network);
    const auto moved = move(network, transport, test::sample_card(4, 6, 4000));
    EXPECT_TRUE(moved.all_arrived);
    EXPECT_EQ(moved.wire.ours.payload, moved.payload_bytes);
    std::uint64_t bytes = 0;
    for (const auto& flow : monitor.GetFlows()) bytes += flow.sentBytes;
    EXPECT_EQ(moved.wire.GetTotal(), bytes);
  }
}

TEST_F(SimNodeMeter, leaves_out_what_a_node_forwards) {
  KvChainHelper chain;  // one relay, which only forwards
  auto network = *chain.Install();
  network.meteredAtNodes = true;
  const auto moved = move(network, KvAgent::UDP, test::sample_card(5, 6, 4000));
  EXPECT_TRUE(moved.all_arrived);
  EXPECT_EQ(moved.wire.ours.payload, moved.payload_bytes);
}

TEST_F(SimNodeMeter, and_the_devices_count_version_6_of_ip) {
  for (const bool at_nodes : {false, true}) {
    ns3::Simulator::Destroy();
    KvPairHelper pair;
    pair.SetIpVersion(6);
    auto network = *pair.Install();
    network.meteredAtNodes = at_nodes;
    KvWireMeter ours, everybody;
    ours.SetAgentPort(7);  // the echo's
    network.Attach(ours);
    network.Attach(everybody);
    echo(network, network.sources.Get(0), network.readers.Get(0), network.readerAddresses[0]);
    const std::uint64_t ppp = at_nodes ? 0 : 2;
    EXPECT_EQ(ours.GetPackets().sent, 2u);
    EXPECT_EQ(ours.GetBytes().lowerLayers, 2 * (1000 + 8 + 40 + ppp));
    EXPECT_GT(everybody.GetBytes().lowerLayers, ours.GetBytes().lowerLayers);  // router solicitations
    if (!at_nodes) {
      EXPECT_EQ(everybody.GetBytes().GetTotal(), everybody.GetDeviceBytes());
    }
  }
}

TEST(SimByteClassTag, stays_with_its_bytes_when_packets_are_cut_and_joined) {
  const auto packet = MakeTaggedPacket(Bytes(110), {.payload = 100, .framing = 6, .signalling = 4});
  auto cut = packet->CreateFragment(8, 50);
  cut->AddAtEnd(packet->CreateFragment(0, 3));
  ByteClasses seen;
  auto it = cut->GetByteTagIterator();
  while (it.HasNext()) {
    const auto item = it.Next();
    KvByteClassTag tag;
    item.GetTag(tag);
    CountOf(seen, tag.GetClass()) += item.GetEnd() - item.GetStart();
  }
  EXPECT_EQ(seen, (ByteClasses{.payload = 48, .framing = 3, .signalling = 2}));
}

}  // namespace
}  // namespace kvferry::sim
