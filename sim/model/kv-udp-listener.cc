// SPDX-License-Identifier: GPL-2.0-only
#include "sim/model/kv-udp-listener.h"

#include "protocol/datagram/packet.h"
#include "sim/model/kv-udp-session.h"

namespace kvferry::sim {

using namespace ns3;

KvDatagramSession* KvUdpListener::Find(ByteView datagram, const Address& peer) {
  const auto id = datagram_connection_id(datagram);
  if (!id) return nullptr;
  if (auto known = m_sessions.find(*id); known != m_sessions.end()) return known->second;
  if (!open_packet(datagram)) return nullptr;  // nobody's damaged packet opens a session
  auto admission = m_admit();
  if (!admission) return nullptr;
  auto session =
      std::make_unique<KvUdpSession>(admission->config, std::move(admission->handlers), m_socket, peer);
  auto* added = session.get();
  m_add(std::move(session));
  m_sessions.emplace(*id, added);
  return added;
}

}  // namespace kvferry::sim
