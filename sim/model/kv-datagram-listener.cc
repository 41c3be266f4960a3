// SPDX-License-Identifier: GPL-2.0-only
#include "sim/model/kv-datagram-listener.h"

namespace kvferry::sim {

using namespace ns3;

KvDatagramListener::KvDatagramListener(Ptr<Socket> socket, Admit admit, Add add)
    : KvListener(std::move(admit), std::move(add)), m_socket(socket) {
  m_socket->SetRecvCallback(MakeCallback(&KvDatagramListener::HandleDatagrams, this));
}

KvDatagramListener::~KvDatagramListener() {
  m_socket->SetRecvCallback(MakeNullCallback<void, Ptr<Socket>>());
}

void KvDatagramListener::HandleDatagrams(Ptr<Socket> socket) {
  Address peer;
  while (auto packet = socket->RecvFrom(peer)) {
    CopyBytes(packet, m_bytes);
    auto* session = Find(m_bytes, peer);
    if (!session) continue;
    session->HandleDatagram(packet, m_bytes);
    HandleTaken(session);
  }
}

}  // namespace kvferry::sim
