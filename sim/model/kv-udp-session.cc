// SPDX-License-Identifier: GPL-2.0-only
#include "sim/model/kv-udp-session.h"

namespace kvferry::sim {

KvUdpSession::KvUdpSession(const ConnectionConfig& config, KvSessionHandlers handlers,
                           ns3::Ptr<ns3::Socket> socket, const ns3::Address& peer)
    : KvDatagramSession(std::move(handlers), socket, peer), m_connection(config, NowOnWire()) {}

void KvUdpSession::Transmit() {
  while (auto packet = PollTagged(m_connection)) Send(packet);
}

}  // namespace kvferry::sim
