// SPDX-License-Identifier: GPL-2.0-only
#include <gtest/gtest.h>
#include <ns3/boolean.h>
#include <ns3/uinteger.h>

#include "protocol/card/card.h"
#include "sim/model/kv-virtual-card.h"
#include "tests/sim/agents.h"

namespace kvferry::sim {
namespace {

class SimAgents : public ::testing::TestWithParam<KvAgent::Transport> {
 protected:
  static void run() {
    ns3::Simulator::Stop(ns3::Seconds(600));
    ns3::Simulator::Run();
  }
};

std::shared_ptr<ChunkSource> source_of(const Card& card) { return std::make_shared<CardSource>(card); }

TEST_P(SimAgents, meet_over_both_versions_of_ip_at_one_source) {
  AgentRow row(2);
  row.helper.SetAttribute("Transport", ns3::EnumValue(GetParam()));
  const auto card = test::sample_card(1, 12, 9000);
  row.helper.InstallSource(row.nodes.Get(0))->AddCard("report", source_of(card));
  const auto sink4 = std::make_shared<CardSink>(), sink6 = std::make_shared<CardSink>();
  row.helper.InstallReader(row.nodes.Get(1), row.towards_first[0])->AddRequest(request_for("report"), sink4);
  row.helper.InstallReader(row.nodes.Get(1), row.towards_first6[0])->AddRequest(request_for("report"), sink6);
  run();
  EXPECT_TRUE(test::same_bytes(sink4->card(), card));
  EXPECT_TRUE(test::same_bytes(sink6->card(), card));
}

TEST_P(SimAgents, hand_a_card_on_from_relay_to_relay) {
  constexpr uint32_t kNodes = 5;
  AgentRow row(kNodes);
  row.helper.SetAttribute("Transport", ns3::EnumValue(GetParam()));
  const auto card = test::sample_card(2, 12, 9000);
  row.helper.InstallSource(row.nodes.Get(0))->AddCard("report", source_of(card));
  for (uint32_t i = 1; i + 1 < kNodes; ++i)
    row.helper.InstallRelay(row.nodes.Get(i), row.towards_first[i - 1]);
  const auto sink = std::make_shared<CardSink>();
  const auto reader = row.helper.InstallReader(row.nodes.Get(kNodes - 1), row.towards_first[kNodes - 2]);
  reader->AddRequest(request_for("report"), sink);
  run();
  EXPECT_TRUE(reader->IsComplete()) << reader->GetFailure();
  EXPECT_TRUE(test::same_bytes(sink->card(), card));
}

TEST_P(SimAgents, fetch_once_for_all_who_wait_at_a_relay) {
  AgentRow row(3);
  row.helper.SetAttribute("Transport", ns3::EnumValue(GetParam()));
  const auto card = test::sample_card(3, 12, 9000);
  row.helper.InstallSource(row.nodes.Get(0))->AddCard("report", source_of(card));
  const auto relay = row.helper.InstallRelay(row.nodes.Get(1), row.towards_first[0]);
  std::vector<std::shared_ptr<CardSink>> sinks;
  for (int i = 0; i < 3; ++i) {
    sinks.push_back(std::make_shared<CardSink>());
    row.helper.InstallReader(row.nodes.Get(2), row.towards_first[1])
        ->AddRequest(request_for("report"), sinks.back());
  }
  run();
  EXPECT_EQ(relay->GetFetchCount(), 1U);
  for (const auto& sink : sinks) EXPECT_TRUE(test::same_bytes(sink->card(), card));
}

TEST_P(SimAgents, are_refused_by_a_relay_what_nobody_upstream_has) {
  AgentRow row(3);
  row.helper.SetAttribute("Transport", ns3::EnumValue(GetParam()));
  row.helper.InstallSource(row.nodes.Get(0));
  row.helper.InstallRelay(row.nodes.Get(1), row.towards_first[0]);
  const auto reader = row.helper.InstallReader(row.nodes.Get(2), row.towards_first[1]);
  reader->AddRequest(request_for("report"), std::make_shared<CardSink>());
  run();
  EXPECT_EQ(reader->GetFailure(), "refused: upstream: refused: the source has no such card");
}

TEST_P(SimAgents, count_virtual_chunks_as_they_count_real_ones) {
  const auto transfer = [](bool is_virtual) {
    AgentRow row(2);
    row.helper.SetAttribute("Transport", ns3::EnumValue(GetParam()));
    row.helper.SetAttribute("VirtualPayload", ns3::BooleanValue(is_virtual));
    row.helper.SetAttribute("Seed", ns3::UintegerValue(7));
    const auto card = test::sample_card(4, 40, 30'000);
    const auto source = row.helper.InstallSource(row.nodes.Get(0));
    if (is_virtual) {
      source->AddCard("report", std::make_shared<KvVirtualSource>(card.manifest));
    } else {
      source->AddCard("report", source_of(card));
    }
    const auto sink = std::make_shared<KvVirtualSink>();
    const auto reader = row.helper.InstallReader(row.nodes.Get(1), row.towards_first[0]);
    reader->AddRequest(request_for("report"), sink);
    ns3::Time done;
    reader->TraceConnectWithoutContext("TransferComplete",
                                       ns3::Callback<void>([&done] { done = ns3::Simulator::Now(); }));
    run();
    EXPECT_TRUE(sink->IsWhole()) << reader->GetFailure();
    EXPECT_EQ(sink->GetBytes(), card.manifest.payload_bytes());
    return std::pair(done, source->GetSession(0).GetConnection().ledger().sent);
  };
  EXPECT_EQ(transfer(true), transfer(false));
}

// A document of 1,000 tokens whose cache takes 1,024,000 bytes; the link is fast beside the devices.
TEST_P(SimAgents, take_a_devices_time_to_make_decode_and_answer) {
  AgentRow row(2);
  row.helper.SetAttribute("Transport", ns3::EnumValue(GetParam()));
  auto card = test::sample_card(5, 10, 100);
  card.manifest.token_count = 1000;
  card.manifest.raw_bytes = 1'024'000;
  row.helper.SetAttribute("PrefillRate", ns3::DoubleValue(500));
  row.helper.SetAttribute("EncodeRate", ns3::DoubleValue(512'000));
  row.helper.SetAttribute("DecodeRate", ns3::DoubleValue(256'000));
  row.helper.SetAttribute("InjectRate", ns3::DoubleValue(1'024'000));
  row.helper.SetAttribute("TokenRate", ns3::DoubleValue(10));
  row.helper.SetAttribute("AnswerTokens", ns3::UintegerValue(5));
  row.helper.InstallSource(row.nodes.Get(0))->AddCard("report", source_of(card));
  const auto reader = row.helper.InstallReader(row.nodes.Get(1), row.towards_first[0]);
  reader->AddRequest(request_for("report"), std::make_shared<CardSink>());
  double manifest_s = 0, applied_s = 0;
  std::vector<double> tokens_s;
  const auto now_s = [] { return ns3::Simulator::Now().GetSeconds(); };
  reader->TraceConnectWithoutContext(
      "ManifestArrived",
      ns3::Callback<void, uint32_t, const Digest&>([&](uint32_t, const Digest&) { manifest_s = now_s(); }));
  reader->TraceConnectWithoutContext("Applied",
                                     ns3::Callback<void, uint32_t>([&](uint32_t) { applied_s = now_s(); }));
  reader->TraceConnectWithoutContext("Token", ns3::Callback<void, uint32_t, uint32_t>(
                                                  [&](uint32_t, uint32_t) { tokens_s.push_back(now_s()); }));
  run();
  EXPECT_TRUE(reader->IsComplete()) << reader->GetFailure();
  EXPECT_NEAR(manifest_s, 2 + 2, 0.15);              // prefill, encode
  EXPECT_NEAR(applied_s - manifest_s, 4 + 1, 0.05);  // decode, inject
  ASSERT_EQ(tokens_s.size(), 5U);
  EXPECT_NEAR(tokens_s.front() - applied_s, 0.1, 1e-6);
  EXPECT_NEAR(tokens_s.back() - applied_s, 0.5, 1e-6);
}

TEST_P(SimAgents, tell_what_they_know_of_the_path) {
  AgentRow row(2, 0.02);
  row.helper.SetAttribute("Transport", ns3::EnumValue(GetParam()));
  const auto source = row.helper.InstallSource(row.nodes.Get(0));
  source->AddCard("report", source_of(test::sample_card(6, 60, 30'000)));
  row.helper.InstallReader(row.nodes.Get(1), row.towards_first[0])
      ->AddRequest(request_for("report"), std::make_shared<CardSink>());
  std::vector<double> rtts_s, rates;
  uint64_t lost = 0;
  source->TraceConnectWithoutContext(
      "Rtt", ns3::Callback<void, uint64_t, ns3::Time>(
                 [&](uint64_t, ns3::Time rtt) { rtts_s.push_back(rtt.GetSeconds()); }));
  source->TraceConnectWithoutContext(
      "DeliveryRate",
      ns3::Callback<void, uint64_t, double>([&](uint64_t, double rate) { rates.push_back(rate); }));
  source->TraceConnectWithoutContext(
      "Lost", ns3::Callback<void, uint64_t, uint64_t>([&](uint64_t, uint64_t packets) { lost = packets; }));
  run();
  ASSERT_FALSE(rtts_s.empty());
  for (const double rtt_s : rtts_s) EXPECT_GE(rtt_s, 0.02);
  ASSERT_FALSE(rates.empty());
  EXPECT_GT(*std::max_element(rates.begin(), rates.end()), 0);
  EXPECT_EQ(lost > 0, GetParam() != KvAgent::TCP);
}

INSTANTIATE_TEST_SUITE_P(Transports, SimAgents, ::testing::Values(KvAgent::TCP, KvAgent::UDP, KvAgent::QUIC),
                         [](const auto& transport) {
                           return std::string(transport.param == KvAgent::TCP   ? "tcp"
                                              : transport.param == KvAgent::UDP ? "udp"
                                                                                : "quic");
                         });

}  // namespace
}  // namespace kvferry::sim
