// SPDX-License-Identifier: GPL-2.0-only
#include "sim/model/kv-quic-session.h"

#include <algorithm>

#include "sim/model/kv-byte-class-tag.h"
#include "sim/model/kv-quic-identity.h"

namespace kvferry::sim {

using namespace ns3;

namespace {

// A short header with its connection id, a packet number, an authentication tag, a STREAM frame's head.
constexpr uint64_t kPacketOverheadBytes = 48;
// An acknowledgement of many ranges stays below.
constexpr uint64_t kLeastRepeatedBytes = 192;

// Moves up to `room` bytes of what the ledger has and `classed` has not, in the order in which they are
// tagged.
ByteClasses TakeOwed(const ByteClasses& ledger, ByteClasses& classed, uint64_t room) {
  ByteClasses taken;
  for (const auto which : kTagOrder) {
    auto total = ledger;
    const auto owed = CountOf(total, which) - CountOf(classed, which);
    const auto count = std::min(owed, room);
    CountOf(taken, which) += count;
    CountOf(classed, which) += count;
    room -= count;
  }
  return taken;
}

}  // namespace

ByteClasses KvQuicSession::Class(const QuicDatagram& datagram) {
  auto classes = TakeOwed(GetConnection().ledger().sent, m_classed, datagram.new_bytes);
  const auto rest = datagram.bytes.size() - datagram.new_bytes;
  const bool repeats = m_session.is_authenticated() && !datagram.is_mtu_probe && rest >= kLeastRepeatedBytes;
  if (repeats) classes.retransmitted += rest - kPacketOverheadBytes;
  return classes;
}

void KvQuicSession::Transmit() {
  while (auto datagram = m_session.poll_transmit(NowOnWire())) {
    const auto classes = Class(*datagram);
    Send(MakeTaggedPacket(datagram->bytes, classes));
  }
}

QuicConfig MakeQuicConfig(const ConnectionConfig& connection) {
  QuicConfig config;
  config.connection = connection;
  config.credentials = GetSimulationCredentials();
  config.fixed_seed = connection.seed;
  config.secret = GetQuicSecret();
  return config;
}

QuicSecret GetQuicSecret() {
  QuicSecret secret;
  secret.fill(1);
  return secret;
}

}  // namespace kvferry::sim
