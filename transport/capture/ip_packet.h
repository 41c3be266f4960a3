// SPDX-License-Identifier: MIT
//
// IP, UDP and TCP headers (RFC 791, 8200, 768, 9293) around bytes that a socket carries, with the checksums
// that a network would see. No I/O.
#pragma once

#include "protocol/base/bytes.h"
#include "transport/asio.h"

namespace kvferry {

inline constexpr std::size_t kMaxSegmentBytes = 65535 - 40;  // of TCP payload in one IPv4 packet

// What comes before the datagram in its packet.
[[nodiscard]] Bytes udp_headers(const udp::endpoint& from, const udp::endpoint& to, ByteView datagram);

struct TcpSegment {
  enum Flags : std::uint8_t { kSyn = 0x02, kPush = 0x08, kAck = 0x10 };

  tcp::endpoint from, to;
  std::uint32_t sequence = 0;
  std::uint32_t acknowledged = 0;
  std::uint8_t flags = 0;
  ByteView payload;  // at most kMaxSegmentBytes
};

// What comes before the payload in the segment's packet.
[[nodiscard]] Bytes tcp_headers(const TcpSegment& segment);

}  // namespace kvferry
