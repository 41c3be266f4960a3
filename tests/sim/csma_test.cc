// SPDX-License-Identifier: GPL-2.0-only
#include "sim/helper/kv-csma-helper.h"

#include "sim/helper/kv-background-helper.h"
#include "tests/sim/networks.h"

namespace kvferry::sim {
namespace {

class SimCsma : public NetworkTest {
 protected:
  static KvCsmaHelper bus() {
    KvCsmaHelper bus;
    bus.SetReaders(2);
    bus.SetDataRate(ns3::DataRate("8Mbps"));
    return bus;
  }
};

TEST_F(SimCsma, carries_cards_to_readers_that_share_the_bus) {
  const auto card = test::sample_card(1, 8, 6000);
  for (const auto transport : {KvAgent::UDP, KvAgent::TCP}) {
    const auto moved = carry(bus(), transport, card);
    EXPECT_TRUE(moved.all_arrived);
    EXPECT_EQ(moved.wire.ours.payload, moved.payload_bytes);
    EXPECT_GT(moved.wire.lowerLayers, 28 * moved.packets.sent - 1);
    const auto last = std::max(moved.completed_ns[0], moved.completed_ns[1]);
    EXPECT_GT(last, static_cast<std::int64_t>(moved.payload_bytes) * 1000);
  }
}

TEST_F(SimCsma, gives_the_same_times_for_the_same_run) {
  const auto card = test::sample_card(2, 8, 6000);
  auto lossy = bus();
  lossy.SetLoss(KvLoss::Independent(0.02));
  const auto first = carry(lossy, KvAgent::UDP, card, 1);
  EXPECT_TRUE(first.all_arrived);
  EXPECT_EQ(first.chunk_times_ns, carry(lossy, KvAgent::UDP, card, 1).chunk_times_ns);
  EXPECT_NE(first.chunk_times_ns, carry(lossy, KvAgent::UDP, card, 2).chunk_times_ns);
}

// Loss of what is for a station, and full queues.
TEST_F(SimCsma, tells_what_the_bus_and_the_queues_drop) {
  const auto card = test::sample_card(2, 40, 60000);
  auto lossy = bus();
  lossy.SetLoss(KvLoss::Independent(0.02));
  const auto lost = carry(lossy, KvAgent::UDP, card).packets;
  EXPECT_TRUE(lost.seesDrops);
  EXPECT_NEAR(static_cast<double>(lost.droppedError), 0.02 * static_cast<double>(lost.sent),
              0.008 * static_cast<double>(lost.sent));
  auto narrow = bus();
  narrow.SetQueuePackets(5);
  const auto dropped = carry(narrow, KvAgent::UDP, card).packets;
  EXPECT_GT(dropped.droppedQueue, 0U);
  EXPECT_EQ(dropped.droppedError, 0U);
  const auto clean = carry(bus(), KvAgent::UDP, card).packets;
  EXPECT_EQ(clean.droppedQueue + clean.droppedError, 0U);
  EXPECT_LE(clean.retransmissions, 4U);  // of a probe that a hasty timer sent
}

TEST_F(SimCsma, a_datagram_takes_its_transmission_and_the_delay_in_either_version_of_ip) {
  for (const int version : {4, 6}) {
    ns3::Simulator::Destroy();
    auto six = bus();
    six.SetIpVersion(version);
    six.SetDelay(ns3::MilliSeconds(1));
    const auto network = six.Install();
    ASSERT_TRUE(network) << network.error().message;
    const auto flow =
        echo(*network, network->sources.Get(0), network->readers.Get(1), network->readerAddresses[1], 20);
    const auto bytes = 1000 + 8 + (version == 4 ? 20 : 40) + 18;  // Ethernet's header and checksum
    // The first waits until its address is resolved.
    EXPECT_GE(flow.meanDelay, ns3::MilliSeconds(1) + ns3::MicroSeconds(bytes)) << version;
    EXPECT_LE(flow.meanDelay, ns3::MilliSeconds(3) + ns3::MicroSeconds(bytes)) << version;
  }
}

TEST_F(SimCsma, contenders_slow_the_agents_and_are_in_no_class) {
  const auto card = test::sample_card(3, 8, 6000);
  auto contended = bus();
  contended.SetContenders(2);
  const auto alone = carry(contended, KvAgent::UDP, card);
  ns3::Simulator::Destroy();
  const auto network = contended.Install();
  ASSERT_TRUE(network) << network.error().message;
  KvBackgroundHelper background;
  background.SetTcpFlows(2);
  ASSERT_TRUE(background.Install(*network));
  const auto moved = move(*network, KvAgent::UDP, card);
  EXPECT_TRUE(moved.all_arrived);
  EXPECT_EQ(moved.wire.ours.payload, moved.payload_bytes);
  EXPECT_GT(moved.completed_ns[0], alone.completed_ns[0]);
}

TEST_F(SimCsma, says_in_a_line_what_cannot_be) {
  auto wrong = bus();
  wrong.SetReaders(0);
  EXPECT_EQ(error_of(wrong), "csma: 0 readers, expected 1 to 500");
  wrong = bus();
  wrong.SetDataRate(ns3::DataRate(0));
  EXPECT_EQ(error_of(wrong), "csma: a rate of 0, expected more");
  wrong = bus();
  wrong.SetQueueDiscipline("codel");
  EXPECT_EQ(error_of(wrong), "csma: queue discipline 'codel', expected Fifo, PfifoFast, CoDel or FqCoDel");
}

}  // namespace
}  // namespace kvferry::sim
