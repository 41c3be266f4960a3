// SPDX-License-Identifier: GPL-2.0-only
//
// Agents on a network that knows nothing of this module: the lines between the marks are those of
// scenarios/ns3/README.md.
#include <gtest/gtest.h>
#include <ns3/internet-stack-helper.h>
#include <ns3/ipv4-address-helper.h>
#include <ns3/point-to-point-helper.h>
#include <ns3/rng-seed-manager.h>
#include <ns3/simulator.h>
#include <ns3/string.h>

#include <iostream>

#include "scenarios/shapes/shape_card.h"
#include "sim/helper/kv-agent-helper.h"
#include "sim/helper/kv-chain-helper.h"
#include "sim/helper/kv-reader-times.h"
#include "sim/helper/kv-star-helper.h"
#include "sim/model/kv-virtual-card.h"
#include "tests/protocol/sample_cards.h"

namespace kvferry::sim {
namespace {

class SimAgentHelper : public ::testing::Test {
 protected:
  SimAgentHelper() {
    ns3::RngSeedManager::SetSeed(1);
    ns3::RngSeedManager::SetRun(1);
  }
  ~SimAgentHelper() override { ns3::Simulator::Destroy(); }

  static std::shared_ptr<ChunkSource> sample() {
    return std::make_shared<CardSource>(test::sample_card(1, 12, 6000));
  }
};

TEST_F(SimAgentHelper, adds_a_card_to_a_network_of_ns3s_own_in_five_lines) {
  using namespace ns3;
  NodeContainer nodes(2);
  PointToPointHelper wire;
  wire.SetDeviceAttribute("DataRate", StringValue("10Mbps"));
  InternetStackHelper().Install(nodes);
  auto interfaces = Ipv4AddressHelper("10.0.0.0", "255.255.255.0").Assign(wire.Install(nodes));
  testing::internal::CaptureStdout();
  // clang-format off
  // README begins
  auto card = std::make_shared<KvVirtualSource>(*shape_manifest(*find_shape("llama-3-8b"), 64, "int4"));
  auto agents = KvAgentHelper().Install(nodes.Get(0), interfaces.GetAddress(0), NodeContainer(nodes.Get(1)), card);
  KvReaderTimes times(agents.readers);
  Simulator::Run();
  std::cout << times.MakeTable();
  // README ends
  // clang-format on
  EXPECT_NE(testing::internal::GetCapturedStdout().find("whole"), std::string::npos);
  EXPECT_EQ(times.Get(0).payloadBytes, card->manifest().payload_bytes());
}

TEST_F(SimAgentHelper, gives_every_reader_of_a_network_the_card) {
  KvStarHelper star;
  star.SetReaders(3);
  const auto network = star.Install();
  ASSERT_TRUE(network);
  const auto agents = KvAgentHelper().Install(*network, sample());
  KvReaderTimes times(agents.readers);
  ns3::Simulator::Run();
  EXPECT_EQ(times.GetN(), 3u);
  EXPECT_TRUE(times.AreAllComplete());
  EXPECT_GT(times.GetFairness(), 0.99);
  EXPECT_EQ(times.Get(2).chunks, 12u);
}

TEST_F(SimAgentHelper, hands_a_card_on_through_the_relays) {
  KvChainHelper chain;
  chain.SetHops(3);
  const auto network = chain.Install();
  ASSERT_TRUE(network);
  const auto agents = KvAgentHelper().InstallThroughRelays(*network, sample());
  KvReaderTimes times(agents.readers);
  ns3::Simulator::Run();
  ASSERT_EQ(agents.relays.size(), 2u);
  EXPECT_TRUE(times.AreAllComplete());
  EXPECT_EQ(agents.sources[0]->GetSessionCount(), 1u);
  EXPECT_EQ(agents.relays[1]->GetFetchCount(), 1u);
}

TEST_F(SimAgentHelper, without_relays_hands_on_what_it_installs) {
  const auto network = KvStarHelper().Install();
  ASSERT_TRUE(network);
  const auto agents = KvAgentHelper().InstallThroughRelays(*network, sample());
  KvReaderTimes times(agents.readers);
  ns3::Simulator::Run();
  EXPECT_TRUE(times.AreAllComplete());
}

TEST_F(SimAgentHelper, orders_what_comes_and_counts_from_the_readers_start) {
  const auto network = KvStarHelper().Install();
  ASSERT_TRUE(network);
  const auto agents = KvAgentHelper().Install(*network, sample());
  agents.readers[1]->SetStartTime(ns3::Seconds(7));
  KvReaderTimes times(agents.readers);
  ns3::Simulator::Run();
  const auto &early = times.Get(0), &late = times.Get(1);
  EXPECT_LT(early.connected, early.manifest);
  EXPECT_LE(early.manifest, early.firstChunk);
  EXPECT_LT(early.firstChunk, early.complete);
  EXPECT_NEAR(early.complete->GetSeconds(), late.complete->GetSeconds(), 1e-3);
}

TEST_F(SimAgentHelper, ends_the_simulation_when_readers_fail) {
  const auto network = KvStarHelper().Install();
  ASSERT_TRUE(network);
  KvAgentHelper helper;
  helper.SetAttribute("Deadline", ns3::TimeValue(ns3::MilliSeconds(50)));
  const auto agents = helper.Install(*network, sample());
  ns3::Simulator::Schedule(ns3::Seconds(1000), [] {});  // what goes on for ever
  KvReaderTimes times(agents.readers);
  ns3::Simulator::Run();
  EXPECT_LT(ns3::Simulator::Now(), ns3::Seconds(60));
  EXPECT_EQ(times.Get(0).failure, "not complete at the deadline");
  EXPECT_FALSE(times.GetLast());
  EXPECT_FALSE(times.GetMean());
  EXPECT_EQ(times.GetFairness(), 0);
}

}  // namespace
}  // namespace kvferry::sim
