// SPDX-License-Identifier: GPL-2.0-only
#include "sim/helper/kv-chain-helper.h"

#include "tests/sim/networks.h"

namespace kvferry::sim {
namespace {

class SimChain : public NetworkTest {
 protected:
  static KvChainHelper chain(std::uint32_t hops) {
    KvLinkHelper link;
    link.SetDataRate(ns3::DataRate("8Mbps"));
    link.SetDelay(ns3::MilliSeconds(5));
    KvChainHelper chain;
    chain.SetHops(hops);
    chain.SetLink(link);
    return chain;
  }
};

TEST_F(SimChain, carries_a_card_past_all_relays) {
  const auto card = test::sample_card(1, 8, 6000);
  for (const auto transport : {KvAgent::UDP, KvAgent::TCP}) {
    const auto moved = carry(chain(3), transport, card);
    EXPECT_TRUE(moved.all_arrived);
    EXPECT_EQ(moved.wire.ours.payload, 3 * moved.payload_bytes);  // on three links
    EXPECT_EQ(moved.wire.GetTotal(), moved.device_bytes);
    EXPECT_GT(moved.completed_ns[0], 60'000'000 + static_cast<std::int64_t>(moved.payload_bytes) * 1000);
  }
}

TEST_F(SimChain, neighbours_hand_a_card_on) {
  const auto card = test::sample_card(2, 8, 6000);
  const auto network = chain(2).Install();
  ASSERT_TRUE(network) << network.error().message;
  ASSERT_EQ(network->relays.GetN(), 1u);
  KvAgentHelper agents;
  agents.SetAttribute("Transport", ns3::EnumValue(KvAgent::UDP));
  for (const auto& node : {network->sources.Get(0), network->relays.Get(0)})
    agents.InstallSource(node)->AddCard("a", std::make_shared<CardSource>(card));
  const auto read = [&](ns3::Ptr<ns3::Node> node, const ns3::Address& from) {
    auto reader = agents.InstallReader(node, ns3::Ipv4Address::ConvertFrom(from));
    RequestOptions request;
    request.document = "a";
    reader->AddRequest(request, std::make_shared<CardSink>());
    return reader;
  };
  const auto relay = read(network->relays.Get(0), network->sourceAddresses[0]);
  const auto last = read(network->readers.Get(0), network->relayAddresses[0]);
  KvWireMeter meter;
  network->Attach(meter);
  ns3::Simulator::Run();
  EXPECT_TRUE(relay->IsComplete());
  EXPECT_TRUE(last->IsComplete());
  EXPECT_EQ(meter.GetBytes().ours.payload, 2 * card.manifest.payload_bytes());
}

TEST_F(SimChain, a_datagram_takes_as_many_transmissions_and_delays_as_there_are_hops) {
  for (const int version : {4, 6}) {
    ns3::Simulator::Destroy();
    auto four = chain(4);
    four.SetIpVersion(version);
    const auto network = four.Install();
    ASSERT_TRUE(network) << network.error().message;
    const auto flow = echo(*network, network->readers.Get(0), network->sources.Get(0), network->remotes[0]);
    const auto bytes = 1000 + 8 + (version == 4 ? 20 : 40) + 2;
    EXPECT_EQ(flow.meanDelay, 4 * (ns3::MilliSeconds(5) + ns3::MicroSeconds(bytes))) << version;
  }
}

TEST_F(SimChain, says_in_a_line_what_cannot_be) {
  EXPECT_EQ(error_of(chain(0)), "chain: 0 hops, expected 1 to 60");
  EXPECT_EQ(error_of(chain(61)), "chain: 61 hops, expected 1 to 60");
}

}  // namespace
}  // namespace kvferry::sim
