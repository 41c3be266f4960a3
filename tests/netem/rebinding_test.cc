// SPDX-License-Identifier: MIT
#include "tests/netem/rebinding.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/netem/packets.h"

namespace kvferry::netem::test {
namespace {

constexpr Endpoint kClient{0x0a4d0002, 40000};
constexpr Endpoint kServer{0x0a4d0001, 4917};
constexpr Time kStart = time_from_ns(7);

class RebindingTest : public testing::Test {
 protected:
  [[nodiscard]] Endpoint seen_at(Duration when, const Endpoint& client = kClient) const {
    Bytes packet = ipv4_packet(kUdp, client, kServer, Bytes{1});
    nat_.handle_outbound(kStart + when, packet);
    EXPECT_TRUE(header_checksum_is_right(packet) && transport_checksum_is_right(packet));
    EXPECT_EQ(Ipv4Packet::parse(packet)->destination(), kServer);
    return Ipv4Packet::parse(packet)->source();
  }
  // Where an answer to this address comes to at that time.
  [[nodiscard]] std::optional<Endpoint> answered_at(Duration when, const Endpoint& address) const {
    Bytes packet = ipv4_packet(kUdp, kServer, address, Bytes{1});
    if (!nat_.handle_inbound(kStart + when, packet)) return std::nullopt;
    EXPECT_TRUE(header_checksum_is_right(packet) && transport_checksum_is_right(packet));
    return Ipv4Packet::parse(packet)->destination();
  }
  Rebinding nat_{std::chrono::seconds(5), kStart};
};

TEST_F(RebindingTest, begins_with_the_clients_own_address) {
  EXPECT_EQ(seen_at(Duration(0)), kClient);
  EXPECT_EQ(seen_at(milliseconds(4999)), kClient);
}

TEST_F(RebindingTest, address_and_port_change_every_time_and_stay_in_the_network) {
  std::set<std::uint32_t> addresses, ports;
  for (int moves = 0; moves < 100; ++moves) {
    const Endpoint seen = seen_at(std::chrono::seconds(5 * moves));
    addresses.insert(seen.address);
    ports.insert(seen.port);
    EXPECT_EQ(seen.address >> 8, kClient.address >> 8);
    EXPECT_NE(seen.address, kServer.address);
    EXPECT_GE(seen.port, 1024);
  }
  EXPECT_EQ(addresses.size(), 100u);
  EXPECT_EQ(ports.size(), 100u);
}

TEST_F(RebindingTest, answers_to_the_present_address_come_back_to_the_client) {
  for (int moves = 0; moves < 300; ++moves) {
    const Duration when = std::chrono::seconds(5 * moves + 1);
    EXPECT_EQ(answered_at(when, seen_at(when)), kClient) << moves;
  }
}

TEST_F(RebindingTest, answers_to_an_earlier_address_are_lost) {
  const Endpoint before = seen_at(milliseconds(4999));
  EXPECT_TRUE(answered_at(milliseconds(4999), before));
  EXPECT_FALSE(answered_at(milliseconds(5000), before));
  EXPECT_FALSE(answered_at(milliseconds(10'000), before));
}

TEST_F(RebindingTest, no_two_flows_get_the_same_port) {
  std::set<std::uint16_t> ports;
  for (std::uint32_t port = 1024; port < 65536; ++port) {
    ports.insert(seen_at(std::chrono::seconds(33), {kClient.address, static_cast<std::uint16_t>(port)}).port);
  }
  EXPECT_EQ(ports.size(), 65536u - 1024u);
}

}  // namespace
}  // namespace kvferry::netem::test
