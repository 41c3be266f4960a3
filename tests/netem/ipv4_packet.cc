// SPDX-License-Identifier: MIT
#include "tests/netem/ipv4_packet.h"

#include "tests/netem/internet_checksum.h"

namespace kvferry::netem {
namespace {

constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;
constexpr std::size_t kTotalLength = 2;
constexpr std::size_t kFlagsAndOffset = 6;
constexpr std::size_t kProtocol = 9;
constexpr std::size_t kHeaderChecksum = 10;
constexpr std::size_t kTcpHeaderBytes = 20;
constexpr std::size_t kUdpHeaderBytes = 8;
constexpr std::size_t kTcpChecksum = 16;  // in the segment
constexpr std::size_t kUdpChecksum = 6;

std::uint16_t load(std::span<const std::uint8_t> bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}
void store(std::span<std::uint8_t> bytes, std::size_t at, std::uint16_t word) {
  bytes[at] = static_cast<std::uint8_t>(word >> 8);
  bytes[at + 1] = static_cast<std::uint8_t>(word);
}

}  // namespace

std::optional<Ipv4Packet> Ipv4Packet::parse(std::span<std::uint8_t> bytes) {
  if (bytes.size() < 20 || bytes[0] >> 4 != 4 || load(bytes, kTotalLength) != bytes.size()) return {};
  const std::size_t header_bytes = std::size_t{4} * (bytes[0] & 15);
  const bool is_fragment = (load(bytes, kFlagsAndOffset) & 0x3fff) != 0;
  const std::uint8_t protocol = bytes[kProtocol];
  if (header_bytes < 20 || is_fragment || (protocol != kTcp && protocol != kUdp)) return {};
  if (bytes.size() < header_bytes + (protocol == kTcp ? kTcpHeaderBytes : kUdpHeaderBytes)) return {};
  return Ipv4Packet(bytes, header_bytes);
}

bool Ipv4Packet::is_udp() const { return bytes_[kProtocol] == kUdp; }

Endpoint Ipv4Packet::endpoint(std::size_t address_at, std::size_t port_at) const {
  return {std::uint32_t{load(bytes_, address_at)} << 16 | load(bytes_, address_at + 2),
          load(segment(), port_at)};
}

void Ipv4Packet::set_endpoint(std::size_t address_at, std::size_t port_at, const Endpoint& to) {
  replace_address_word(address_at, static_cast<std::uint16_t>(to.address >> 16));
  replace_address_word(address_at + 2, static_cast<std::uint16_t>(to.address));
  replace_port(port_at, to.port);
}

// Both checksums cover the addresses: the transport's through its pseudo-header.
void Ipv4Packet::replace_address_word(std::size_t at, std::uint16_t word) {
  const std::uint16_t old_word = load(bytes_, at);
  store(bytes_, kHeaderChecksum, updated_checksum(load(bytes_, kHeaderChecksum), old_word, word));
  update_transport_checksum(old_word, word);
  store(bytes_, at, word);
}

void Ipv4Packet::replace_port(std::size_t at, std::uint16_t port) {
  update_transport_checksum(load(segment(), at), port);
  store(segment(), at, port);
}

// A UDP checksum of 0 says that there is none; one that comes out as 0 is sent as its other form.
void Ipv4Packet::update_transport_checksum(std::uint16_t old_word, std::uint16_t new_word) {
  const std::size_t at = is_udp() ? kUdpChecksum : kTcpChecksum;
  const std::uint16_t checksum = load(segment(), at);
  if (is_udp() && checksum == 0) return;
  const std::uint16_t updated = updated_checksum(checksum, old_word, new_word);
  store(segment(), at, is_udp() && updated == 0 ? 0xffff : updated);
}

void Ipv4Packet::flip_unnoticed(std::size_t byte_of_segment, int bit) {
  const auto word_at = [&](std::size_t at) {
    const std::uint8_t lower = at + 1 < segment().size() ? segment()[at + 1] : 0;
    return static_cast<std::uint16_t>(segment()[at] << 8 | lower);
  };
  const std::size_t word = byte_of_segment & ~std::size_t{1};
  const std::uint16_t before = word_at(word);
  segment()[byte_of_segment] ^= static_cast<std::uint8_t>(1u << bit);
  update_transport_checksum(before, word_at(word));
}

}  // namespace kvferry::netem
