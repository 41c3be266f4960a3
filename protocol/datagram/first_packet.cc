// SPDX-License-Identifier: MIT
#include "protocol/datagram/first_packet.h"

#include "protocol/datagram/mtu_search.h"
#include "protocol/datagram/packet.h"

namespace kvferry {
namespace {

bool begins_with_hello(ByteView control_body) {
  ByteReader in(control_body);
  auto offset = in.take_varint();
  auto type = in.take_varint();
  return type && *offset == 0 && *type == static_cast<std::uint64_t>(FrameType::kHello);
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
    if (type == FrameType::kControl && begins_with_hello(frame->body)) greets = true;
  }
  if (!greets) return std::nullopt;
  return first;
}

}  // namespace kvferry
