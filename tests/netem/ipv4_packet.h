// SPDX-License-Identifier: MIT
//
// What the link reads and rewrites of an IPv4 packet that carries TCP or UDP. Whatever is written keeps the
// checksums as right, or as wrong, as they were.
#pragma once

#include <optional>
#include <span>

#include "protocol/base/bytes.h"

namespace kvferry::netem {

struct Endpoint {
  std::uint32_t address = 0;  // the first number of the dotted form in the upper byte
  std::uint16_t port = 0;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

class Ipv4Packet {
 public:
  // Borrows the bytes. Nothing when they are not a whole, unfragmented IPv4 packet with TCP or UDP.
  [[nodiscard]] static std::optional<Ipv4Packet> parse(std::span<std::uint8_t> bytes);

  [[nodiscard]] bool is_udp() const;
  [[nodiscard]] Endpoint source() const { return endpoint(kSourceAddress, 0); }
  [[nodiscard]] Endpoint destination() const { return endpoint(kDestinationAddress, 2); }
  void set_source(const Endpoint& to) { set_endpoint(kSourceAddress, 0, to); }
  void set_destination(const Endpoint& to) { set_endpoint(kDestinationAddress, 2, to); }

  // Header and payload of TCP or UDP.
  [[nodiscard]] std::span<std::uint8_t> segment() const { return bytes_.subspan(header_bytes_); }
  // Flips one bit of the segment and puts the checksum right, as damage does that checksums miss.
  void flip_unnoticed(std::size_t byte_of_segment, int bit);

 private:
  static constexpr std::size_t kSourceAddress = 12;
  static constexpr std::size_t kDestinationAddress = 16;

  Ipv4Packet(std::span<std::uint8_t> bytes, std::size_t header_bytes)
      : bytes_(bytes), header_bytes_(header_bytes) {}
  [[nodiscard]] Endpoint endpoint(std::size_t address_at, std::size_t port_at) const;
  void set_endpoint(std::size_t address_at, std::size_t port_at, const Endpoint& to);
  void replace_address_word(std::size_t at, std::uint16_t word);
  void replace_port(std::size_t at, std::uint16_t port);
  void update_transport_checksum(std::uint16_t old_word, std::uint16_t new_word);

  std::span<std::uint8_t> bytes_;
  std::size_t header_bytes_;
};

}  // namespace kvferry::netem
