// SPDX-License-Identifier: MIT
#include "protocol/datagram/first_packet.h"

#include <gtest/gtest.h>

#include "protocol/connection/connection.h"
#include "protocol/datagram/packet.h"

namespace kvferry::test {
namespace {

constexpr Time kNow = time_from_ns(1'000'000'000);

Bytes greeting() {
  ConnectionConfig config;
  config.binding = Binding::kDatagram;
  Connection client(config, kNow);
  return client.poll_transmit(kNow)->head;
}

Bytes frame(std::uint64_t type, const Bytes& body) {
  Bytes out;
  put_packet_frame_head(out, static_cast<FrameType>(type), body.size());
  append(out, body);
  return out;
}

// As large as a first one has to be.
Bytes packet(const Bytes& frames) {
  Bytes padded = frame(0x00, Bytes(1200));
  append(padded, frames);
  return seal_packet({7, 0}, padded);
}

TEST(FirstPacket, is_what_a_client_sends_first) {
  Bytes datagram = greeting();
  auto first = open_first_packet(datagram);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->connection_id, datagram_connection_id(datagram));
  EXPECT_TRUE(first->token.empty());
}

TEST(FirstPacket, may_bring_a_token) {
  Bytes datagram = greeting();
  auto opened = open_packet(datagram);
  Bytes frames = frame(0x39, {1, 2, 3});
  append(frames, opened->frames);
  Bytes with_token = packet(frames);
  auto first = open_first_packet(with_token);
  ASSERT_TRUE(first);
  EXPECT_EQ(Bytes(first->token.begin(), first->token.end()), (Bytes{1, 2, 3}));
}

TEST(FirstPacket, begins_the_control_stream) {
  EXPECT_TRUE(open_first_packet(packet(frame(0x33, {0, 0x01, 0x00}))));
  EXPECT_TRUE(open_first_packet(packet(frame(0x33, {0, 0x1D, 0x00})))) << "PING: a fault that is to be told";
  EXPECT_FALSE(open_first_packet(packet(frame(0x33, {5, 0x01, 0x00})))) << "a later piece";
  EXPECT_FALSE(open_first_packet(packet(frame(0x33, {0}))));
  EXPECT_FALSE(open_first_packet(packet(frame(0x33, {}))));
  EXPECT_FALSE(open_first_packet(packet(frame(0x35, {}))));
  EXPECT_FALSE(open_first_packet(packet({})));
}

TEST(FirstPacket, is_large_enough_that_nobody_is_flooded_by_the_answer) {
  EXPECT_GE(greeting().size(), 1200u);
  EXPECT_FALSE(open_first_packet(seal_packet({7, 0}, frame(0x33, {0, 0x01, 0x00}))));
}

TEST(FirstPacket, is_refused_damaged_or_cut) {
  Bytes datagram = greeting();
  for (std::size_t at = 0; at < datagram.size(); ++at) {
    EXPECT_FALSE(open_first_packet(ByteView(datagram).first(at)));
    Bytes flipped = datagram;
    flipped[at] ^= 0x10;
    EXPECT_FALSE(open_first_packet(flipped));
  }
  Bytes malformed = frame(0x33, {0, 0x01, 0x00});
  malformed.push_back(0x35);
  EXPECT_FALSE(open_first_packet(packet(malformed))) << "a frame without a length";
}

}  // namespace
}  // namespace kvferry::test
