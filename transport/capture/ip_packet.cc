// SPDX-License-Identifier: MIT
#include "transport/capture/ip_packet.h"

#include <utility>

namespace kvferry {
namespace {

constexpr std::uint8_t kTcp = 6, kUdp = 17;
constexpr std::size_t kTcpChecksumAt = 16, kUdpChecksumAt = 6, kIpChecksumAt = 10;
constexpr std::uint16_t kWindow = 65535;
constexpr std::uint8_t kHops = 64;

// Most significant byte first.
template <typename Integer>
void put_be(Bytes& out, Integer value) {
  for (std::size_t i = sizeof(Integer); i-- > 0;) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

// Sum of 16-bit words (RFC 1071); an odd last byte is a word's first.
std::uint64_t sum_of(ByteView bytes) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) sum += std::uint64_t{bytes[i]} << (i % 2 == 0 ? 8 : 0);
  return sum;
}

// Zero becomes its other form, all ones: in UDP it would mean that there is no checksum.
void set_checksum(Bytes& header, std::size_t at, std::uint64_t sum) {
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  const auto checksum = static_cast<std::uint16_t>(sum == 0xffff ? sum : ~sum);
  header[at] = static_cast<std::uint8_t>(checksum >> 8);
  header[at + 1] = static_cast<std::uint8_t>(checksum);
}

// A packet's two ends, as bytes of one kind of address.
struct Ends {
  Bytes from, to;
};
template <typename Address>
Bytes bytes_of(const Address& address) {
  const auto bytes = address.to_bytes();
  return {bytes.begin(), bytes.end()};
}
Bytes v6_bytes(const asio::ip::address& address) {
  if (address.is_v6()) return bytes_of(address.to_v6());
  return bytes_of(asio::ip::make_address_v6(asio::ip::v4_mapped, address.to_v4()));
}
Ends ends_of(const asio::ip::address& from, const asio::ip::address& to) {
  if (from.is_v4() && to.is_v4()) return {bytes_of(from.to_v4()), bytes_of(to.to_v4())};
  return {v6_bytes(from), v6_bytes(to)};
}

Bytes v4_header(const Ends& ends, std::uint8_t protocol, std::size_t content_bytes) {
  Bytes out{0x45, 0};
  put_be(out, static_cast<std::uint16_t>(20 + content_bytes));
  put_be(out, std::uint32_t{0x4000});  // no identification; don't fragment
  out.insert(out.end(), {kHops, protocol, 0, 0});
  append(out, ends.from);
  append(out, ends.to);
  set_checksum(out, kIpChecksumAt, sum_of(out));
  return out;
}

Bytes v6_header(const Ends& ends, std::uint8_t protocol, std::size_t content_bytes) {
  Bytes out;
  put_be(out, std::uint32_t{6} << 28);
  put_be(out, static_cast<std::uint16_t>(content_bytes));
  out.insert(out.end(), {protocol, kHops});
  append(out, ends.from);
  append(out, ends.to);
  return out;
}

// The IP header, and behind it `header` with its checksum over the pseudo-header and all that follows.
Bytes in_ip(const Ends& ends, std::uint8_t protocol, Bytes header, std::size_t checksum_at,
            ByteView payload) {
  const std::size_t content_bytes = header.size() + payload.size();
  set_checksum(
      header, checksum_at,
      sum_of(ends.from) + sum_of(ends.to) + protocol + content_bytes + sum_of(header) + sum_of(payload));
  Bytes out = ends.from.size() == 4 ? v4_header(ends, protocol, content_bytes)
                                    : v6_header(ends, protocol, content_bytes);
  append(out, header);
  return out;
}

}  // namespace

Bytes udp_headers(const udp::endpoint& from, const udp::endpoint& to, ByteView datagram) {
  Bytes header;
  put_be(header, from.port());
  put_be(header, to.port());
  put_be(header, static_cast<std::uint16_t>(8 + datagram.size()));
  put_be(header, std::uint16_t{0});
  return in_ip(ends_of(from.address(), to.address()), kUdp, std::move(header), kUdpChecksumAt, datagram);
}

Bytes tcp_headers(const TcpSegment& segment) {
  Bytes header;
  put_be(header, segment.from.port());
  put_be(header, segment.to.port());
  put_be(header, segment.sequence);
  put_be(header, segment.acknowledged);
  header.insert(header.end(), {0x50, segment.flags});  // five words of header
  put_be(header, kWindow);
  put_be(header, std::uint32_t{0});
  return in_ip(ends_of(segment.from.address(), segment.to.address()), kTcp, std::move(header), kTcpChecksumAt,
               segment.payload);
}

}  // namespace kvferry
