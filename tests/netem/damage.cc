// SPDX-License-Identifier: MIT
#include "tests/netem/damage.h"

#include "tests/netem/ipv4_packet.h"

namespace kvferry::netem {
namespace {

constexpr std::size_t kIpHeaderBytes = 20;
constexpr std::size_t kUdpHeaderBytes = 8;

}  // namespace

void damage(Bytes& packet, Rng& rng) {
  auto parsed = Ipv4Packet::parse(packet);
  const int bit = static_cast<int>(rng.below(8));
  if (parsed && parsed->is_udp()) {
    const std::size_t payload_bytes = parsed->segment().size() - kUdpHeaderBytes;
    if (payload_bytes > 0) parsed->flip_unnoticed(kUdpHeaderBytes + rng.below(payload_bytes), bit);
  } else if (packet.size() > kIpHeaderBytes) {
    packet[kIpHeaderBytes + rng.below(packet.size() - kIpHeaderBytes)] ^=
        static_cast<std::uint8_t>(1u << bit);
  }
}

}  // namespace kvferry::netem
