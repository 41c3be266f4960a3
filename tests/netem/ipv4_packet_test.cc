// SPDX-License-Identifier: MIT
#include "tests/netem/ipv4_packet.h"

#include <gtest/gtest.h>

#include "protocol/base/rng.h"
#include "tests/netem/internet_checksum.h"
#include "tests/netem/packets.h"

namespace kvferry::netem::test {
namespace {

constexpr Endpoint kClient{0x0a4d0002, 40000};
constexpr Endpoint kServer{0x0a4d0001, 4917};

TEST(InternetChecksum, is_that_of_the_example_in_rfc_1071) {
  const Bytes example = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
  EXPECT_EQ(internet_checksum(example), 0x220d);  // of the sum 0xddf2
}

TEST(InternetChecksum, is_updated_as_in_the_example_of_rfc_1624) {
  EXPECT_EQ(updated_checksum(0xdd2f, 0x5555, 0x3285), 0x0000);
}

TEST(Ipv4Packet, rewriting_an_endpoint_keeps_both_checksums_right) {
  Rng rng(1);
  for (int i = 0; i < 2000; ++i) {
    const std::uint8_t protocol = i % 2 == 0 ? kTcp : kUdp;
    Bytes payload(rng.below(60));
    for (auto& byte : payload) byte = static_cast<std::uint8_t>(rng.next());
    Bytes packet = ipv4_packet(protocol, kClient, kServer, payload);
    auto parsed = Ipv4Packet::parse(packet);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->source(), kClient);
    const Endpoint moved{static_cast<std::uint32_t>(rng.next()), static_cast<std::uint16_t>(rng.next())};
    parsed->set_source(moved);
    EXPECT_EQ(parsed->source(), moved);
    EXPECT_EQ(parsed->destination(), kServer);
    EXPECT_TRUE(header_checksum_is_right(packet));
    EXPECT_TRUE(transport_checksum_is_right(packet));
    parsed->set_source(kClient);
    parsed->set_destination(moved);
    EXPECT_EQ(packet, ipv4_packet(protocol, kClient, moved, payload));
  }
}

TEST(Ipv4Packet, udp_without_a_checksum_stays_without) {
  Bytes packet = ipv4_packet(kUdp, kClient, kServer, Bytes{1, 2, 3});
  packet[26] = packet[27] = 0;
  auto parsed = Ipv4Packet::parse(packet);
  parsed->set_source({1, 2});
  EXPECT_EQ(packet[26], 0);
  EXPECT_EQ(packet[27], 0);
}

TEST(Ipv4Packet, a_bit_flips_unnoticed_by_the_checksum) {
  for (std::size_t at = 8; at < 8 + 5; ++at) {  // an odd number of bytes
    const Bytes before = ipv4_packet(kUdp, kClient, kServer, Bytes{1, 2, 3, 4, 5});
    Bytes packet = before;
    Ipv4Packet::parse(packet)->flip_unnoticed(at, 6);
    EXPECT_EQ(packet[20 + at], before[20 + at] ^ 0x40);
    EXPECT_TRUE(transport_checksum_is_right(packet));
  }
}

TEST(Ipv4Packet, other_packets_are_none) {
  const Bytes good = ipv4_packet(kUdp, kClient, kServer, Bytes{1, 2, 3});
  for (std::size_t size = 0; size < good.size(); ++size) {
    Bytes cut(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(Ipv4Packet::parse(cut)) << size;
  }
  Bytes version_6 = good, icmp = good, fragment = good;
  version_6[0] = 0x65;
  icmp[9] = 1;
  fragment[7] = 1;
  EXPECT_FALSE(Ipv4Packet::parse(version_6));
  EXPECT_FALSE(Ipv4Packet::parse(icmp));
  EXPECT_FALSE(Ipv4Packet::parse(fragment));
}

}  // namespace
}  // namespace kvferry::netem::test
