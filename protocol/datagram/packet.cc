// SPDX-License-Identifier: MIT
#include "protocol/datagram/packet.h"

#include "protocol/connection/connection.h"
#include "protocol/datagram/datagram_seal.h"

namespace kvferry {

Bytes seal_packet(const PacketHeader& header, Bytes&& frames) {
  Bytes head;
  head.push_back(kPacketKind);
  put_le(head, header.connection_id);
  put_varint(head, header.number);
  return seal_datagram(std::move(head), std::move(frames));
}

namespace {

std::optional<PacketHeader> take_header(ByteReader& in) {
  auto kind = in.take_le<std::uint8_t>();
  auto id = in.take_le<std::uint64_t>();
  auto number = in.take_varint();
  if (!number || *kind != kPacketKind) return std::nullopt;
  return PacketHeader{*id, *number};
}

}  // namespace

std::optional<OpenedPacket> open_packet(ByteView datagram) {
  ByteReader in(datagram);
  auto header = take_header(in);
  if (!header) return std::nullopt;
  auto frames = take_sealed_body(in, datagram);
  if (!frames) return std::nullopt;
  return OpenedPacket{*header, *frames};
}

std::optional<PacketFrame> take_packet_frame(ByteReader& in) {
  std::size_t start = in.position();
  auto type = in.take_varint();
  auto size = in.take_varint();
  if (!size) return std::nullopt;
  std::size_t head_bytes = in.position() - start;
  auto body = in.take(*size);
  if (!body) return std::nullopt;
  return PacketFrame{*type, *body, head_bytes};
}

bool asks_for_acknowledgement(std::uint64_t type) {
  switch (static_cast<FrameType>(type)) {
    case FrameType::kAck:
    case FrameType::kRecovered:
    case FrameType::kClose:
    case FrameType::kPadding:
      return false;
    default:
      return true;
  }
}

void put_packet_frame_head(Bytes& out, FrameType type, std::size_t body_bytes) {
  put_varint(out, static_cast<std::uint64_t>(type));
  put_varint(out, body_bytes);
}

void AckFrame::serialize(Bytes& out) const {
  put_varint(out, ranges.front().end - 1);
  put_varint(out, static_cast<std::uint64_t>(to_us(delay)));
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    if (i > 0) put_varint(out, below - ranges[i].end - 1);  // one number apart at least
    put_varint(out, ranges[i].end - ranges[i].begin - 1);
    below = ranges[i].begin;
  }
}

Result<AckFrame> AckFrame::parse(ByteView body) {
  ByteReader in(body);
  auto largest = in.take_varint();
  auto delay_us = in.take_varint();
  if (!delay_us || *delay_us > 3'600'000'000)
    return Error{"ACK: no largest number, or a delay above an hour"};
  AckFrame ack;
  ack.delay = std::chrono::microseconds(static_cast<std::int64_t>(*delay_us));
  std::uint64_t end = *largest + 1;
  do {
    if (ack.ranges.size() == kMaxAckRanges) return Error{"ACK: more than 64 ranges"};
    if (!ack.ranges.empty()) {
      auto gap = in.take_varint();
      if (!gap || *gap + 2 > ack.ranges.back().begin) return Error{"ACK: a gap below number 0"};
      end = ack.ranges.back().begin - *gap - 1;
    }
    auto more = in.take_varint();
    if (!more || *more + 1 > end) return Error{"ACK: a range below number 0"};
    ack.ranges.push_back({end - *more - 1, end});
  } while (!in.at_end());
  return ack;
}

std::optional<std::uint64_t> datagram_connection_id(ByteView datagram) {
  ByteReader in(datagram);
  auto header = take_header(in);
  if (!header) return std::nullopt;
  return header->connection_id;
}

}  // namespace kvferry
