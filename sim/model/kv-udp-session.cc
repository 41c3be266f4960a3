// SPDX-License-Identifier: GPL-2.0-only
#include "sim/model/kv-udp-session.h"

#include "sim/model/kv-byte-class-tag.h"

namespace kvferry::sim {

KvUdpSession::KvUdpSession(const ConnectionConfig& config, KvSessionHandlers handlers,
                           ns3::Ptr<ns3::Socket> socket, const ns3::Address& peer)
    : KvDatagramSession(std::move(handlers), socket, peer), m_connection(config, NowOnWire()) {}

void KvUdpSession::Transmit() {
  for (;;) {
    const auto before = m_connection.ledger().sent;
    const auto out = m_connection.poll_transmit(NowOnWire());
    if (!out) return;
    Send(MakeTaggedPacket(out->head, Difference(m_connection.ledger().sent, before)));
  }
}

}  // namespace kvferry::sim
