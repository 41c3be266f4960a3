// SPDX-License-Identifier: MIT
//
// IPv4 packets for tests, with checksums from RFC 1071's text and not from the code under test.
#pragma once

#include "tests/netem/ipv4_packet.h"

namespace kvferry::netem::test {

inline constexpr std::uint8_t kTcp = 6;
inline constexpr std::uint8_t kUdp = 17;

inline void put_be16(Bytes& out, std::uint32_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}
inline void put_be32(Bytes& out, std::uint32_t value) {
  put_be16(out, value >> 16);
  put_be16(out, value);
}

// Sums to 0xffff when the checksum in the bytes is right.
[[nodiscard]] inline std::uint32_t ones_complement_sum(ByteView bytes) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) sum += bytes[i] * 256u + bytes[i + 1];
  if (bytes.size() % 2 == 1) sum += bytes.back() * 256u;
  while (sum > 0xffff) sum = sum % 65536 + sum / 65536;
  return static_cast<std::uint32_t>(sum);
}

[[nodiscard]] inline Bytes with_pseudo_header(ByteView packet) {
  Bytes all(packet.begin() + 12, packet.begin() + 20);
  put_be16(all, packet[9]);
  put_be16(all, static_cast<std::uint32_t>(packet.size() - 20));
  append(all, packet.subspan(20));
  return all;
}

[[nodiscard]] inline bool header_checksum_is_right(ByteView packet) {
  return ones_complement_sum(packet.first(20)) == 0xffff;
}
[[nodiscard]] inline bool transport_checksum_is_right(ByteView packet) {
  return ones_complement_sum(with_pseudo_header(packet)) == 0xffff;
}

// Both checksums are right.
[[nodiscard]] inline Bytes ipv4_packet(std::uint8_t protocol, const Endpoint& from, const Endpoint& to,
                                       ByteView payload) {
  const std::size_t transport_bytes = protocol == kTcp ? 20 : 8;
  Bytes packet = {0x45, 0};
  put_be16(packet, static_cast<std::uint32_t>(20 + transport_bytes + payload.size()));
  append(packet, Bytes{0x12, 0x34, 0x40, 0, 64, protocol, 0, 0});
  put_be32(packet, from.address);
  put_be32(packet, to.address);
  put_be16(packet, from.port);
  put_be16(packet, to.port);
  if (protocol == kTcp) {
    append(packet, Bytes{0, 0, 0, 1, 0, 0, 0, 2, 0x50, 0x10, 1, 0, 0, 0, 0, 0});
  } else {
    put_be16(packet, static_cast<std::uint32_t>(8 + payload.size()));
    put_be16(packet, 0);
  }
  append(packet, payload);
  const auto put_at = [&](std::size_t at, std::uint32_t sum) {
    packet[at] = static_cast<std::uint8_t>(~sum >> 8);
    packet[at + 1] = static_cast<std::uint8_t>(~sum);
  };
  put_at(10, ones_complement_sum(ByteView(packet).first(20)));
  const std::uint32_t sum = ones_complement_sum(with_pseudo_header(packet));
  put_at(protocol == kTcp ? 36 : 26, protocol == kUdp && sum == 0xffff ? 0 : sum);  // 0 is no UDP checksum
  return packet;
}

}  // namespace kvferry::netem::test
