// SPDX-License-Identifier: GPL-2.0-only
#include "sim/model/kv-udp-session.h"

namespace kvferry::sim {

using namespace ns3;

Bytes CopyBytes(Ptr<const Packet> packet) {
  Bytes bytes(packet->GetSize());
  packet->CopyData(bytes.data(), packet->GetSize());
  return bytes;
}

KvUdpSession::KvUdpSession(const ConnectionConfig& config, KvSessionHandlers handlers, Ptr<Socket> socket,
                           const Address& peer)
    : KvSession(config, std::move(handlers)), m_socket(socket), m_peer(peer) {}

void KvUdpSession::HandleDatagram(Ptr<Packet> packet) {
  NotifyRx(packet);
  const auto datagram = CopyBytes(packet);
  Call([&](Connection& connection, kvferry::Time now) { connection.handle_datagram(now, datagram); });
}

void KvUdpSession::Transmit() {
  while (auto packet = Poll()) {
    NotifyTx(packet);
    m_socket->SendTo(packet, 0, m_peer);
  }
}

}  // namespace kvferry::sim
