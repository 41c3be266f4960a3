// SPDX-License-Identifier: GPL-2.0-only
#include <gtest/gtest.h>
#include <ns3/mac48-address.h>
#include <ns3/node-container.h>
#include <ns3/simulator.h>

#include "sim/helper/kv-link-helper.h"
#include "sim/model/kv-wire-meter.h"

namespace kvferry::sim {
namespace {

constexpr std::uint16_t kIpv4 = 0x0800;

class SimLink : public ::testing::Test {
 protected:
  ~SimLink() override { ns3::Simulator::Destroy(); }

  // Sends so many packets at once from the first node; returns what the second one's device took in.
  std::uint32_t arrived_of(std::uint32_t count, const KvLinkHelper& link) {
    ns3::NodeContainer nodes(2);
    const auto devices = link.Install(nodes.Get(0), nodes.Get(1));
    KvLinkHelper::AssignStreams(devices, 0);
    meter_.Attach(devices.Get(0));
    meter_.Attach(devices.Get(1));
    devices.Get(1)->TraceConnectWithoutContext("PhyRxEnd", ns3::MakeCallback(&SimLink::count, this));
    for (std::uint32_t i = 0; i < count; ++i) {
      devices.Get(0)->Send(ns3::Create<ns3::Packet>(98), ns3::Mac48Address::GetBroadcast(), kIpv4);
    }
    ns3::Simulator::Run();
    return arrived_;
  }
  void count(ns3::Ptr<const ns3::Packet>) {
    ++arrived_;
    last_ = ns3::Simulator::Now();
  }

  KvWireMeter meter_;
  std::uint32_t arrived_ = 0;
  ns3::Time last_;
};

TEST_F(SimLink, a_packet_takes_its_transmission_and_the_delay) {
  KvLinkHelper link;
  link.SetDataRate(ns3::DataRate("8Mbps"));
  link.SetDelay(ns3::MilliSeconds(30));
  EXPECT_EQ(arrived_of(1, link), 1u);
  EXPECT_EQ(last_, ns3::MicroSeconds(30100));  // 98 bytes and 2 of PPP, one microsecond each
}

TEST_F(SimLink, the_queue_holds_so_many_packets_beside_the_one_in_transmission) {
  KvLinkHelper link;
  link.SetQueuePackets(5);
  EXPECT_EQ(arrived_of(20, link), 6u);
  EXPECT_EQ(meter_.GetPackets().droppedQueue, 14u);
  EXPECT_EQ(meter_.GetPackets().sent, 6u);
  EXPECT_EQ(meter_.GetDeviceBytes(), 600u);
  EXPECT_EQ(meter_.GetBytes().lowerLayers, 600u);
}

TEST_F(SimLink, loses_the_share_of_packets_that_it_was_told) {
  KvLinkHelper link;
  link.SetQueuePackets(20000);
  link.SetLoss(0.1);
  const auto arrived = arrived_of(10000, link);
  EXPECT_NEAR(arrived, 9000, 90);  // three standard deviations
  EXPECT_EQ(meter_.GetPackets().droppedError, 10000 - arrived);
}

}  // namespace
}  // namespace kvferry::sim
