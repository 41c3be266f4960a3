// SPDX-License-Identifier: MIT
//
// Conversations on the datagram binding: what needs no knowledge of the other
// side's packet numbers.
#include "protocol/datagram/packet.h"
#include "protocol/datagram/retry_packet.h"
#include "tests/conformance/make/conversation_maker.h"

namespace kvferry::test {
namespace {

constexpr std::uint64_t kId = 0x0123456789abcdef;

Bytes packet_frame(FrameType type, ByteView body) {
  Bytes out;
  put_packet_frame_head(out, type, body.size());
  append(out, body);
  return out;
}

// The beginning of the control stream: HELLO, without CRC32C.
Bytes greeting() {
  Bytes body = encode_map(HelloMessage{});
  Bytes control = {0};  // offset
  put_varint(control, static_cast<std::uint64_t>(FrameType::kHello));
  put_varint(control, body.size());
  append(control, body);
  return packet_frame(FrameType::kControl, control);
}

Bytes padded(Bytes frames, std::size_t datagram_bytes = 1200) {
  std::size_t header = PacketHeader{kId, 0}.size_bytes();
  append(frames, packet_frame(FrameType::kPadding, Bytes(datagram_bytes - header - frames.size() - 3)));
  return frames;
}

ConversationMaker peer(Role role, const std::string& name, const std::string& what, Collection& c) {
  return {role, Binding::kDatagram, name, what, c};
}

}  // namespace

void add_datagram_conversations(Collection& c) {
  Bytes first = seal_packet({kId, 0}, padded(greeting()));
  peer(Role::kServer, "datagram-greeting", "a padded first packet is answered", c)
      .in(0, first)
      .ends("accept");
  peer(Role::kServer, "datagram-small", "a small first packet is not answered", c)
      .in(0, seal_packet({kId, 0}, greeting()))
      .ends("accept");
  peer(Role::kServer, "datagram-damaged", "a damaged first packet is not answered", c)
      .in(0, with_flip(first, 700))
      .ends("accept");
  Bytes never;
  AckFrame{{{1000, 1001}}, milliseconds(0)}.serialize(never);
  peer(Role::kServer, "datagram-ack-never-sent", "a packet is acknowledged that never was", c)
      .in(0, first)
      .in(5, seal_packet({kId, 1}, packet_frame(FrameType::kAck, never)))
      .ends("closed 7");
  peer(Role::kServer, "datagram-challenge", "a challenge is answered with its bytes", c)
      .in(0, first)
      .in(5,
          seal_packet({kId, 1}, padded(packet_frame(FrameType::kChallenge, Bytes{1, 2, 3, 4, 5, 6, 7, 8}))))
      .ends("accept");
  peer(Role::kServer, "datagram-twice", "a packet comes twice, and counts once", c)
      .in(0, first)
      .in(1, first)
      .ends("accept");
  peer(Role::kServer, "datagram-critical", "an unknown frame with the critical bit", c)
      .in(0, first)
      .in(5, seal_packet({kId, 1}, packet_frame(static_cast<FrameType>(0x71), {})))
      .ends("closed 5");
  peer(Role::kServer, "datagram-reserved", "a reserved frame is skipped and acknowledged", c)
      .in(0, first)
      .in(5, seal_packet({kId, 1}, packet_frame(static_cast<FrameType>(reserved_type(0)), Bytes{9})))
      .ends("accept");
  ConversationMaker retried =
      peer(Role::kClient, "datagram-retry", "RETRY is followed, with its token, once", c);
  retried.in(5, seal_retry({retried.side().connection_id(), {7, 7, 7}}))
      .in(6, seal_retry({retried.side().connection_id(), {8, 8, 8}}))
      .ends("accept");
  ConversationMaker strange = peer(Role::kClient, "datagram-versions", "a server of other packets", c);
  strange.in(5, seal_versions({strange.side().connection_id(), {0xa7}})).ends("closed 6");
}

}  // namespace kvferry::test
