// SPDX-License-Identifier: MIT
#include "tests/netem/rebinding.h"

namespace kvferry::netem {
namespace {

// One to one at every move, so that nothing need be remembered: ports turn within 1024 to 65535, the last
// number of the address within 2 to 254.
constexpr std::uint32_t kFirstPort = 1024;
constexpr std::uint32_t kPorts = 65536 - kFirstPort;
constexpr std::uint32_t kPortStep = 10007;
constexpr std::uint32_t kFirstHost = 2;
constexpr std::uint32_t kHosts = 253;

std::uint32_t turned(std::uint32_t value, std::uint32_t first, std::uint32_t count, std::uint64_t by) {
  if (value < first || value >= first + count) return value;
  return first + static_cast<std::uint32_t>((value - first + by) % count);
}

Endpoint moved(const Endpoint& from, std::uint64_t host_steps, std::uint64_t port_steps) {
  return {(from.address & ~0xffu) | turned(from.address & 0xff, kFirstHost, kHosts, host_steps),
          static_cast<std::uint16_t>(turned(from.port, kFirstPort, kPorts, port_steps))};
}

Endpoint outer(const Endpoint& inner, std::uint32_t moves) {
  return moved(inner, moves % kHosts, std::uint64_t{moves} * kPortStep % kPorts);
}

Endpoint inner(const Endpoint& outer, std::uint32_t moves) {
  return moved(outer, kHosts - moves % kHosts, kPorts - std::uint64_t{moves} * kPortStep % kPorts);
}

}  // namespace

std::uint32_t Rebinding::moves(Time now) const { return static_cast<std::uint32_t>((now - start_) / every_); }

void Rebinding::handle_outbound(Time now, Bytes& packet) const {
  if (auto parsed = Ipv4Packet::parse(packet)) parsed->set_source(outer(parsed->source(), moves(now)));
}

bool Rebinding::handle_inbound(Time now, Bytes& packet) const {
  auto parsed = Ipv4Packet::parse(packet);
  if (!parsed) return true;
  const Endpoint client = inner(parsed->destination(), moves(now));
  if ((client.address & 0xff) != kFirstHost) return false;
  parsed->set_destination(client);
  return true;
}

}  // namespace kvferry::netem
