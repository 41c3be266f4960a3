// SPDX-License-Identifier: MIT
#include "protocol/datagram/first_packet.h"

#include "protocol/datagram/mtu_search.h"
#include "protocol/datagram/packet.h"

namespace kvferry {
namespace {

// Whatever stands there: a peer that does not begin with HELLO is told so.
bool begins_the_control_stream(ByteView control_body) {
  ByteReader in(control_body);
  auto offset = in.take_varint();
  return offset == 0 && !in.rest().empty();
}

}  // namespace

std::optional<FirstPacket> open_first_packet(ByteView datagram) {
  if (datagram.size() < MtuSearch::kBaseBytes) return std::nullopt;
  auto packet = open_packet(datagram);
  if (!packet) return std::nullopt;
  FirstPacket first{packet->header.connection_id, {}};
  bool greets = false;
  ByteReader in(packet->frames);
  while (!in.at_end()) {
    auto frame = take_packet_frame(in);
    if (!frame) return std::nullopt;
    auto type = static_cast<FrameType>(frame->type);
    if (type == FrameType::kToken) first.token = frame->body;
    if (type == FrameType::kControl && begins_the_control_stream(frame->body)) greets = true;
  }
  if (!greets) return std::nullopt;
  return first;
}

}  // namespace kvferry
