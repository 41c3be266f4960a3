// SPDX-License-Identifier: GPL-2.0-only
#include "sim/helper/kv-wifi-helper.h"

#include "sim/helper/kv-background-helper.h"
#include "tests/sim/networks.h"

namespace kvferry::sim {
namespace {

class SimWifi : public NetworkTest {};

TEST_F(SimWifi, carries_a_card_from_the_access_point) {
  const auto card = test::sample_card(1, 6, 6000);
  KvWifiHelper wifi;
  wifi.SetReaders(2);
  wifi.SetMcs(3);
  for (const auto transport : {KvAgent::UDP, KvAgent::TCP}) {
    const auto moved = carry(wifi, transport, card);
    EXPECT_TRUE(moved.all_arrived);
    EXPECT_EQ(moved.wire.ours.payload, moved.payload_bytes);
    EXPECT_LT(moved.completed_ns[0], 200'000'000);
    EXPECT_FALSE(moved.packets.seesDrops);
  }
}

TEST_F(SimWifi, all_stations_are_associated_when_it_is_ready) {
  KvWifiHelper wifi;
  wifi.SetReaders(25);
  wifi.SetMcs(5);
  EXPECT_TRUE(carry(wifi, KvAgent::UDP, test::sample_card(7, 2, 1000)).all_arrived);
}

TEST_F(SimWifi, carries_a_card_from_behind_a_wire) {
  const auto card = test::sample_card(2, 6, 6000);
  KvLinkHelper wire;
  wire.SetDelay(ns3::MilliSeconds(15));
  KvWifiHelper wifi;
  wifi.SetWire(wire);
  const auto moved = carry(wifi, KvAgent::UDP, card);
  EXPECT_TRUE(moved.all_arrived);
  EXPECT_EQ(moved.wire.ours.payload, moved.payload_bytes);
  EXPECT_GT(moved.completed_ns[0], 60'000'000 + static_cast<std::int64_t>(moved.payload_bytes) * 1600);
}

TEST_F(SimWifi, every_standard_carries_at_its_lowest_and_highest_rate) {
  const auto card = test::sample_card(3, 2, 3000);
  const std::pair<const char*, std::uint32_t> standards[] = {
      {"802.11a", 7}, {"802.11b", 3}, {"802.11g", 7}, {"802.11n", 7}, {"802.11ac", 9}, {"802.11ax", 11}};
  for (const auto& [name, highest] : standards) {
    SCOPED_TRACE(name);
    KvWifiHelper wifi;
    wifi.SetStandard(name);
    wifi.SetMcs(0);
    const auto slow = carry(wifi, KvAgent::UDP, card);
    EXPECT_TRUE(slow.all_arrived);
    wifi.SetMcs(highest);
    const auto fast = carry(wifi, KvAgent::UDP, card);
    EXPECT_TRUE(fast.all_arrived);
    EXPECT_LT(fast.completed_ns[0], slow.completed_ns[0]);
  }
}

TEST_F(SimWifi, knows_the_rate_on_the_air_where_it_is_fixed) {
  KvWifiHelper wifi;
  wifi.SetStandard("802.11g");
  wifi.SetMcs(7);
  EXPECT_EQ(wifi.Install()->capacity, ns3::DataRate("54Mbps"));
}

TEST_F(SimWifi, stations_that_contend_slow_the_reader_and_are_in_no_class) {
  const auto card = test::sample_card(4, 6, 6000);
  KvWifiHelper wifi;
  wifi.SetStandard("802.11g");
  wifi.SetMcs(4);
  wifi.SetContenders(3);
  const auto alone = carry(wifi, KvAgent::UDP, card);
  ns3::Simulator::Destroy();
  set_run(1);
  const auto network = wifi.Install();
  ASSERT_TRUE(network) << network.error().message;
  KvBackgroundHelper background;
  background.SetUdpShare(0.6);
  background.SetUdpFlows(3);
  const auto flows = background.Install(*network);
  ASSERT_TRUE(flows) << flows.error().message;
  KvBackgroundHelper::AssignStreams(*flows, 1000);
  const auto moved = move(*network, KvAgent::UDP, card);
  EXPECT_TRUE(moved.all_arrived);
  EXPECT_EQ(moved.wire.ours.payload, moved.payload_bytes);
  EXPECT_GT(moved.completed_ns[0], alone.completed_ns[0]);
}

TEST_F(SimWifi, gives_the_same_times_for_the_same_run_and_others_for_another) {
  const auto card = test::sample_card(5, 6, 6000);
  KvWifiHelper wifi;
  const auto first = carry(wifi, KvAgent::UDP, card, 1).chunk_times_ns;
  EXPECT_EQ(first, carry(wifi, KvAgent::UDP, card, 1).chunk_times_ns);
  EXPECT_NE(first, carry(wifi, KvAgent::UDP, card, 2).chunk_times_ns);
}

TEST_F(SimWifi, carries_version_6_of_ip) {
  KvWifiHelper wifi;
  wifi.SetWire(KvLinkHelper());
  wifi.SetIpVersion(6);
  const auto network = wifi.Install();
  ASSERT_TRUE(network) << network.error().message;
  const auto flow = echo(*network, network->readers.Get(0), network->sources.Get(0), network->remotes[0], 3);
  EXPECT_EQ(flow.receivedPackets, 3u);
}

TEST_F(SimWifi, says_in_a_line_what_cannot_be) {
  const auto error = [](auto set) {
    KvWifiHelper wifi;
    set(wifi);
    return error_of(wifi);
  };
  EXPECT_EQ(error([](auto& w) { w.SetReaders(0); }), "wifi: 0 readers, expected 1 to 100");
  EXPECT_EQ(error([](auto& w) { w.SetContenders(100); }), "wifi: 100 contenders, expected 0 to 99");
  EXPECT_EQ(error([](auto& w) { w.SetStandard("802.11p"); }),
            "wifi: standard '802.11p', expected 802.11 followed by a, b, g, n, ac or ax");
  EXPECT_EQ(error([](auto& w) { w.SetMcs(12); }), "wifi: MCS 12, expected 0 to 11 of 802.11ax");
  EXPECT_EQ(error([](auto& w) { w.SetDistance(-1); }), "wifi: a distance of -1.000000 m, expected 0 or more");
}

}  // namespace
}  // namespace kvferry::sim
