// SPDX-License-Identifier: MIT
//
// Captures, byte by byte. That Wireshark reads them, protocol.wireshark shows.
#include "transport/capture/captured_stream.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "tests/scenarios/temporary_folder.h"

namespace kvferry::test {
namespace {

udp::endpoint end(const char* address, std::uint16_t port) { return {asio::ip::make_address(address), port}; }
tcp::endpoint tcp_end(const char* address, std::uint16_t port) {
  return {asio::ip::make_address(address), port};
}

Bytes contents(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// The packets of a capture.
std::vector<Bytes> packets(const std::filesystem::path& path) {
  const Bytes file = contents(path);
  std::vector<Bytes> out;
  for (std::size_t at = 24; at < file.size();) {
    const auto size = load_le<std::uint32_t>(&file[at + 8]);
    EXPECT_EQ(load_le<std::uint32_t>(&file[at + 12]), size);
    EXPECT_LE(at + 16 + size, file.size());
    out.emplace_back(&file[at + 16], &file[at + 16] + size);
    at += 16 + size;
  }
  return out;
}

std::uint32_t ones_complement_sum(ByteView bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) sum += std::uint32_t{bytes[i]} << (i % 2 == 0 ? 8 : 0);
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return sum;
}

// RFC 1071: with its checksum in it, what is covered adds up to ones.
void expect_right_checksum(const Bytes& packet, std::uint8_t protocol) {
  const bool v4 = packet[0] >> 4 == 4;
  if (v4) {
    EXPECT_EQ(ones_complement_sum(ByteView(packet).first(20)), 0xffffu);
  }
  const std::size_t header = v4 ? 20 : 40, addresses = v4 ? 12 : 8;
  const std::size_t content = packet.size() - header;
  Bytes covered(packet.begin() + addresses, packet.end());
  if (content % 2 == 1) covered.push_back(0);
  covered.insert(covered.end(),
                 {0, protocol, static_cast<std::uint8_t>(content >> 8), static_cast<std::uint8_t>(content)});
  EXPECT_EQ(ones_complement_sum(covered), 0xffffu);
}

class Captures : public testing::Test {
 protected:
  std::shared_ptr<Capture> capture() { return Capture::create(file()).value(); }
  [[nodiscard]] std::filesystem::path file() const { return folder_.path() / "x.pcap"; }
  const TemporaryFolder folder_;
};

TEST_F(Captures, of_a_datagram_are_an_ip_packet_with_its_bytes) {
  capture()->datagram(end("10.0.0.1", 40000), end("10.0.0.2", 4917), as_bytes("abc"));
  const Bytes all = contents(file());
  const Bytes head{0x4d, 0x3c, 0xb2, 0xa1, 2,    0,    4, 0, 0,   0, 0, 0,
                   0,    0,    0,    0,    0xff, 0xff, 0, 0, 101, 0, 0, 0};
  EXPECT_EQ(Bytes(all.begin(), all.begin() + 24), head);
  const auto packet = packets(file()).at(0);
  const Bytes expected{0x45, 0, 0, 31, 0,    0,    0x40, 0,    64, 17, 0x26, 0xcc, 10,  0,   0,  1,
                       10,   0, 0, 2,  0x9c, 0x40, 0x13, 0x35, 0,  11, 0x77, 0xfd, 'a', 'b', 'c'};
  EXPECT_EQ(packet, expected);
  expect_right_checksum(packet, 17);
}

// RFC 768: a checksum of zero would say that there is none.
TEST(IpPackets, of_a_datagram_have_a_checksum_whatever_it_holds) {
  bool all_ones = false;
  for (int i = 0; i < 65536; ++i) {
    const Bytes two{static_cast<std::uint8_t>(i >> 8), static_cast<std::uint8_t>(i)};
    const Bytes packet = udp_headers(end("10.0.0.1", 7), end("10.0.0.2", 8), two);
    EXPECT_NE(packet[26] << 8 | packet[27], 0) << i;
    all_ones = all_ones || (packet[26] << 8 | packet[27]) == 0xffff;
  }
  EXPECT_TRUE(all_ones);
}

TEST_F(Captures, of_version_6_have_its_header_and_checksum) {
  capture()->datagram(end("fe80::1", 1), end("fe80::2", 2), as_bytes("odd"));
  const auto packet = packets(file()).at(0);
  EXPECT_EQ(packet.size(), 40u + 8 + 3);
  EXPECT_EQ(packet[0], 0x60);
  EXPECT_EQ(packet[5], 11);  // bytes behind the header
  expect_right_checksum(packet, 17);
}

TEST_F(Captures, of_a_socket_for_both_versions_have_one) {
  capture()->datagram(end("127.0.0.1", 1), end("::", 2), {});
  EXPECT_EQ(packets(file()).at(0).size(), 48u);
}

TEST_F(Captures, of_a_stream_begin_with_a_handshake_and_count_its_bytes) {
  {
    CapturedStream stream(capture(), Role::kServer, tcp_end("10.0.0.2", 4917), tcp_end("10.0.0.1", 40000));
    stream.received(Bytes(100'000, 1));
    stream.sent(as_bytes("answer"));
    stream.sent({});
  }
  const auto all = packets(file());
  ASSERT_EQ(all.size(), 6u);
  std::vector<std::string> told;
  for (const Bytes& packet : all) {
    expect_right_checksum(packet, 6);
    const auto word = [&](std::size_t at) {
      return std::to_string(packet[at] << 24 | packet[at + 1] << 16 | packet[at + 2] << 8 | packet[at + 3]);
    };
    told.push_back((packet[15] == 1 ? "client " : "server ") + std::to_string(packet[33]) + " " + word(24) +
                   " " + word(28) + " +" + std::to_string(packet.size() - 40));
  }
  EXPECT_EQ(told, (std::vector<std::string>{"client 2 0 0 +0", "server 18 0 1 +0", "client 16 1 1 +0",
                                            "client 24 1 1 +65495", "client 24 65496 1 +34505",
                                            "server 24 1 100001 +6"}));
}

TEST_F(Captures, are_for_their_owner_only) {
  const auto held = capture();
  EXPECT_EQ(std::filesystem::status(file()).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(Captures, that_cannot_be_written_name_the_file) {
  EXPECT_EQ(Capture::create("/nowhere/x.pcap").error().message, "/nowhere/x.pcap: No such file or directory");
  EXPECT_EQ(Capture::create("/dev/full").error().message, "/dev/full: No space left on device");
}

}  // namespace
}  // namespace kvferry::test
