// SPDX-License-Identifier: GPL-2.0-only
#include "sim/helper/kv-queue-discipline.h"

#include "sim/helper/kv-background-helper.h"
#include "sim/helper/kv-dumbbell-helper.h"
#include "sim/helper/kv-trace-link-helper.h"
#include "tests/sim/networks.h"

namespace kvferry::sim {
namespace {

struct Standing {
  ns3::Time delay;            // of a light flow beside a greedy one, on average
  double throughput = 0;      // of the greedy one, as a share of the bottleneck
  std::uint64_t dropped = 0;  // at the bottleneck
};

class SimQueueDiscipline : public NetworkTest {
 protected:
  // Six seconds of one greedy TCP flow and one datagram in ten milliseconds, over 10 Mbit/s and a queue of
  // 300 ms.
  template <typename Link>
  static Standing stand(Link bottleneck, const std::string& discipline) {
    ns3::Simulator::Destroy();
    set_run(1);
    bottleneck.SetDelay(ns3::MilliSeconds(18));
    bottleneck.SetQueuePackets(250);
    bottleneck.SetQueueDiscipline(discipline);
    KvDumbbellHelper dumbbell;
    dumbbell.SetBottleneck(bottleneck);
    const auto network = dumbbell.Install();
    EXPECT_TRUE(network) << network.error().message;
    KvBackgroundHelper greedy, light;
    greedy.SetTcpFlows(1);
    light.SetUdpRate(ns3::DataRate("100kbps"));
    light.SetOnOff(ns3::MilliSeconds(100), ns3::Time());
    light.SetStart(ns3::Seconds(3));  // past slow start, which fills any queue
    auto beside = *network;
    beside.crossings = {{network->sources.Get(0), network->readers.Get(0), network->readerAddresses[0]}};
    EXPECT_TRUE(greedy.Install(*network));
    const auto lightly = light.Install(beside);
    EXPECT_TRUE(lightly);
    KvBackgroundHelper::AssignStreams(*lightly, 1);
    KvWireMeter meter;
    network->Attach(meter);
    KvFlowMonitorHelper monitor;
    monitor.Install(*network);
    constexpr double kSeconds = 6;
    ns3::Simulator::Stop(ns3::Seconds(kSeconds));
    ns3::Simulator::Run();
    Standing standing;
    standing.dropped = meter.GetPackets().droppedQueue;
    for (const auto& flow : monitor.GetFlows()) {
      if (flow.protocol == 17) standing.delay = flow.meanDelay;
      if (flow.protocol == 6 && flow.toPort == KvBackgroundHelper::kFirstPort)
        standing.throughput = static_cast<double>(flow.receivedBytes) * 8 / kSeconds / 10e6;
    }
    return standing;
  }

  static KvLinkHelper steady() {
    KvLinkHelper link;
    link.SetDataRate(ns3::DataRate("10Mbps"));
    return link;
  }
  static KvTraceLinkHelper recorded() {
    KvTraceLinkHelper link;
    const auto trace = std::make_shared<KvDeliveryTrace>(
        *KvDeliveryTrace::FromTimes(std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6}));
    const auto slower = std::make_shared<KvDeliveryTrace>(
        *KvDeliveryTrace::FromTimes(std::vector<std::uint64_t>{1, 2, 3, 5, 6}));  // 10 Mbit/s
    link.SetTraces(slower, trace);
    return link;
  }
};

TEST_F(SimQueueDiscipline, codel_keeps_the_standing_queue_short_where_fifo_does_not) {
  const auto fifo = stand(steady(), "Fifo");
  const auto codel = stand(steady(), "CoDel");
  EXPECT_GT(fifo.delay, ns3::MilliSeconds(150));
  EXPECT_LT(codel.delay, ns3::MilliSeconds(50));  // 20 of them propagation
  EXPECT_GT(codel.dropped, 0u);
  EXPECT_GT(codel.throughput, 0.8);
}

TEST_F(SimQueueDiscipline, fq_codel_lets_a_light_flow_past_the_greedy_one) {
  const auto fair = stand(steady(), "FqCoDel");
  EXPECT_LT(fair.delay, ns3::MilliSeconds(25));
  EXPECT_GT(fair.throughput, 0.8);
}

TEST_F(SimQueueDiscipline, pfifo_fast_queues_as_long_as_fifo) {
  const auto fifo = stand(steady(), "Fifo");
  const auto fast = stand(steady(), "PfifoFast");
  EXPECT_GT(fast.delay, ns3::MilliSeconds(150));
  EXPECT_NEAR(fast.throughput, fifo.throughput, 0.1);
}

TEST_F(SimQueueDiscipline, acts_above_a_recorded_link_too) {
  const auto fifo = stand(recorded(), "Fifo");
  const auto codel = stand(recorded(), "CoDel");
  EXPECT_GT(fifo.delay, ns3::MilliSeconds(150));
  EXPECT_LT(codel.delay, ns3::MilliSeconds(50));
  EXPECT_GT(codel.throughput, 0.75);
}

TEST_F(SimQueueDiscipline, cards_arrive_through_each_of_them) {
  const auto card = test::sample_card(1, 24, 8000);
  for (const auto* name : {"Fifo", "PfifoFast", "CoDel", "FqCoDel"}) {
    SCOPED_TRACE(name);
    KvLinkHelper link = steady();
    link.SetQueueDiscipline(name);
    KvDumbbellHelper dumbbell;
    dumbbell.SetBottleneck(link);
    for (const auto transport : {KvAgent::UDP, KvAgent::TCP}) {
      const auto moved = carry(dumbbell, transport, card);
      EXPECT_TRUE(moved.all_arrived);
      EXPECT_EQ(moved.wire.GetTotal(), moved.device_bytes);
    }
  }
}

}  // namespace
}  // namespace kvferry::sim
