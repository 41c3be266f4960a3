// SPDX-License-Identifier: GPL-2.0-only
//
// The module in ns-3's own test framework, for who builds ns-3 with it: kvferry-sim-test --suite=kvferry.
// What is behind each of these claims is tested more closely in tests/sim.
#include <ns3/boolean.h>
#include <ns3/enum.h>
#include <ns3/simulator.h>
#include <ns3/test.h>

#include "protocol/card/card.h"
#include "sim/helper/kv-agent-helper.h"
#include "sim/helper/kv-chain-helper.h"
#include "sim/helper/kv-star-helper.h"
#include "sim/model/kv-delivery-trace.h"

using namespace ns3;

namespace kvferry::sim {
namespace {

Card MakeCard() {
  Card card;
  card.manifest.model.layers = 1;
  card.manifest.model.kv_heads = 1;
  card.manifest.model.head_dim = 64;
  card.manifest.model.architecture = "LlamaForCausalLM";
  card.manifest.model.rope_theta = 1e4;
  card.manifest.token_count = 20;
  card.manifest.position_sets = {PositionSet::all(20)};
  card.manifest.layer_sets = {0};
  card.manifest.raw_bytes = 20 * 64 * 4;
  for (uint32_t row = 0; row < 20; ++row) {
    ChunkInfo info;
    info.layer_count = info.row_count = 1;
    info.row_begin = row;
    add_chunk(card, info, Slice(Bytes(3000, static_cast<uint8_t>(row))));
  }
  return card;
}

RequestOptions Wanted() {
  RequestOptions request;
  request.document = "report";
  return request;
}

class KvTransferTestCase : public TestCase {
 public:
  KvTransferTestCase(KvAgent::Transport transport, const std::string& name, int ipVersion)
      : TestCase("cards reach all readers of a star over " + name + " and IPv" + std::to_string(ipVersion)),
        m_transport(transport),
        m_ipVersion(ipVersion) {}

 private:
  void DoRun() override {
    KvStarHelper star;
    star.SetReaders(3);
    star.SetIpVersion(m_ipVersion);
    const auto network = star.Install();
    NS_TEST_ASSERT_MSG_EQ(static_cast<bool>(network), true, "a star can be built");
    KvAgentHelper agents;
    agents.SetAttribute("Transport", EnumValue(m_transport));
    const auto card = MakeCard();
    agents.InstallSource(network->sources.Get(0))->AddCard("report", std::make_shared<CardSource>(card));
    std::vector<std::shared_ptr<CardSink>> sinks;
    for (uint32_t i = 0; i < 3; ++i) {
      sinks.push_back(std::make_shared<CardSink>());
      agents.InstallReader(network->readers.Get(i), network->remotes[i])->AddRequest(Wanted(), sinks[i]);
    }
    Simulator::Stop(Seconds(60));
    Simulator::Run();
    for (const auto& sink : sinks)
      NS_TEST_EXPECT_MSG_EQ(sink->card().digest().hex(), card.digest().hex(), "the card that was sent");
    Simulator::Destroy();
  }

  KvAgent::Transport m_transport;
  int m_ipVersion;
};

class KvRelayTestCase : public TestCase {
 public:
  KvRelayTestCase() : TestCase("a relay gives on what it fetched") {}

 private:
  void DoRun() override {
    KvChainHelper chain;
    chain.SetHops(2);
    const auto network = chain.Install();
    NS_TEST_ASSERT_MSG_EQ(static_cast<bool>(network), true, "a chain can be built");
    KvAgentHelper agents;
    const auto card = MakeCard();
    agents.InstallSource(network->sources.Get(0))->AddCard("report", std::make_shared<CardSource>(card));
    agents.InstallRelay(network->relays.Get(0), network->sourceAddresses[0]);
    const auto sink = std::make_shared<CardSink>();
    agents.InstallReader(network->readers.Get(0), network->relayAddresses[0])->AddRequest(Wanted(), sink);
    Simulator::Stop(Seconds(60));
    Simulator::Run();
    NS_TEST_EXPECT_MSG_EQ(sink->card().digest().hex(), card.digest().hex(), "the card that was sent");
    Simulator::Destroy();
  }
};

class KvDeliveryTraceTestCase : public TestCase {
 public:
  KvDeliveryTraceTestCase() : TestCase("a recorded trace begins again when it ends") {}

 private:
  void DoRun() override {
    const auto trace = KvDeliveryTrace::FromTimes({2, 2, 10});
    NS_TEST_ASSERT_MSG_EQ(static_cast<bool>(trace), true, "a trace");
    NS_TEST_EXPECT_MSG_EQ(trace->TimeOf(4).count(), 12'000'000, "two at 12 ms");
    NS_TEST_EXPECT_MSG_EQ(trace->GetBytesBetween({}, std::chrono::milliseconds(20)), 5 * 1500U,
                          "five chances");
    NS_TEST_EXPECT_MSG_EQ(static_cast<bool>(KvDeliveryTrace::FromTimes({3, 2})), false, "never backwards");
  }
};

class KvTestSuite : public TestSuite {
 public:
  KvTestSuite() : TestSuite("kvferry", UNIT) {
    for (const int ipVersion : {4, 6}) {
      AddTestCase(new KvTransferTestCase(KvAgent::TCP, "TCP", ipVersion), TestCase::QUICK);
      AddTestCase(new KvTransferTestCase(KvAgent::UDP, "UDP", ipVersion), TestCase::QUICK);
      AddTestCase(new KvTransferTestCase(KvAgent::QUIC, "QUIC", ipVersion), TestCase::QUICK);
    }
    AddTestCase(new KvRelayTestCase, TestCase::QUICK);
    AddTestCase(new KvDeliveryTraceTestCase, TestCase::QUICK);
  }
};

KvTestSuite g_kvTestSuite;

}  // namespace
}  // namespace kvferry::sim

int main(int argc, char** argv) { return TestRunner::Run(argc, argv); }
