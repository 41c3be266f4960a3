// SPDX-License-Identifier: GPL-2.0-only
#include "sim/helper/kv-pair-helper.h"

#include "sim/helper/kv-trace-link-helper.h"
#include "tests/sim/networks.h"

namespace kvferry::sim {
namespace {

class SimPair : public NetworkTest {
 protected:
  static KvLinkHelper link() {
    KvLinkHelper link;
    link.SetDataRate(ns3::DataRate("8Mbps"));  // a byte in a microsecond
    link.SetDelay(ns3::MilliSeconds(10));
    return link;
  }
};

TEST_F(SimPair, carries_a_card_and_the_bytes_add_up) {
  const auto card = test::sample_card(1, 12, 8000);
  KvPairHelper pair;
  pair.SetLink(link());
  for (const auto transport : {KvAgent::UDP, KvAgent::TCP}) {
    const auto moved = carry(pair, transport, card);
    EXPECT_TRUE(moved.all_arrived);
    EXPECT_EQ(moved.wire.ours.payload, moved.payload_bytes);
    EXPECT_EQ(moved.wire.GetTotal(), moved.device_bytes);
    // Greeting and request take a round trip each, TCP one more; then a byte in a microsecond.
    const auto least = (transport == KvAgent::TCP ? 60 : 40) * 1'000'000 +
                       static_cast<std::int64_t>(moved.payload_bytes) * 1000;
    EXPECT_GT(moved.completed_ns[0], least);
    EXPECT_LT(moved.completed_ns[0], 3 * least);
  }
}

TEST_F(SimPair, a_datagram_takes_its_transmission_and_the_delay_in_either_version_of_ip) {
  for (const int version : {4, 6}) {
    ns3::Simulator::Destroy();
    KvPairHelper pair;
    pair.SetLink(link());
    pair.SetIpVersion(version);
    const auto network = pair.Install();
    ASSERT_TRUE(network) << network.error().message;
    const auto flow =
        echo(*network, network->sources.Get(0), network->readers.Get(0), network->readerAddresses[0]);
    const auto bytes = 1000 + 8 + (version == 4 ? 20 : 40) + 2;  // UDP, IP, PPP
    EXPECT_EQ(flow.meanDelay, ns3::MilliSeconds(10) + ns3::MicroSeconds(bytes)) << version;
  }
}

TEST_F(SimPair, carries_a_card_over_a_recorded_link) {
  const auto card = test::sample_card(2, 12, 8000);
  KvTraceLinkHelper recorded;
  const auto trace =
      std::make_shared<KvDeliveryTrace>(*KvDeliveryTrace::FromTimes(std::vector<std::uint64_t>{2, 4}));
  recorded.SetTraces(trace, trace);
  KvPairHelper pair;
  pair.SetLink(recorded);
  const auto network = pair.Install();
  ASSERT_TRUE(network) << network.error().message;
  EXPECT_EQ(network->capacity, ns3::DataRate("6Mbps"));
  const auto moved = move(*network, KvAgent::UDP, card);
  EXPECT_TRUE(moved.all_arrived);
  EXPECT_EQ(moved.wire.GetTotal(), moved.device_bytes);
}

TEST_F(SimPair, gives_the_same_times_for_the_same_run_and_others_for_another) {
  const auto card = test::sample_card(3, 12, 8000);
  auto lossy = link();
  KvPairHelper pair;
  for (const auto& loss :
       {KvLoss::Independent(0.05), KvLoss::GilbertElliott(0.05, 0.5), KvLoss::Bursts(0.03, 1, 3)}) {
    lossy.SetLoss(loss);
    pair.SetLink(lossy);
    const auto first = carry(pair, KvAgent::UDP, card, 1);
    EXPECT_TRUE(first.all_arrived);
    EXPECT_GT(first.packets.droppedError, 0u);
    EXPECT_EQ(first.chunk_times_ns, carry(pair, KvAgent::UDP, card, 1).chunk_times_ns);
    EXPECT_NE(first.chunk_times_ns, carry(pair, KvAgent::UDP, card, 2).chunk_times_ns);
  }
}

TEST_F(SimPair, says_in_a_line_what_cannot_be) {
  const auto error = [](auto set) {
    auto changed = link();
    KvPairHelper pair;
    set(changed);
    pair.SetLink(changed);
    return error_of(pair);
  };
  EXPECT_EQ(error([](auto& l) { l.SetDataRate(ns3::DataRate(0)); }),
            "pair: link: a rate of 0, expected more");
  EXPECT_EQ(error([](auto& l) { l.SetDelay(ns3::Seconds(-1)); }),
            "pair: link: the delay is negative, expected 0 or more");
  EXPECT_EQ(error([](auto& l) { l.SetQueuePackets(0); }),
            "pair: link: a queue of 0 packets, expected at least 1");
  EXPECT_EQ(error([](auto& l) { l.SetQueueDiscipline("Red"); }),
            "pair: link: queue discipline 'Red', expected Fifo, PfifoFast, CoDel or FqCoDel");
  EXPECT_EQ(error([](auto& l) { l.SetLoss(1.5); }),
            "pair: link: loss: probability 1.500000, expected 0 to 1");
  EXPECT_EQ(error([](auto& l) { l.SetLoss(KvLoss::Bursts(0.1, 3, 2)); }),
            "pair: link: loss: bursts of 3 to 2 packets, expected at least 1, and the shortest first");
  KvPairHelper traceless;
  traceless.SetLink(KvTraceLinkHelper());
  EXPECT_EQ(error_of(traceless), "pair: link: no traces, expected one each way");
  KvPairHelper versionless;
  versionless.SetIpVersion(5);
  EXPECT_EQ(error_of(versionless), "pair: IP version 5, expected 4 or 6");
}

}  // namespace
}  // namespace kvferry::sim
