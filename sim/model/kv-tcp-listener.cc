// SPDX-License-Identifier: GPL-2.0-only
#include "sim/model/kv-tcp-listener.h"

#include "sim/model/kv-tcp-session.h"

namespace kvferry::sim {

using namespace ns3;

KvTcpListener::KvTcpListener(Ptr<Socket> socket, uint32_t unsentBytes, Admit admit, Add add)
    : KvListener(std::move(admit), std::move(add)), m_socket(socket), m_unsentBytes(unsentBytes) {
  m_socket->Listen();
  m_socket->SetAcceptCallback(MakeNullCallback<bool, Ptr<Socket>, const Address&>(),
                              MakeCallback(&KvTcpListener::HandleAccept, this));
}

KvTcpListener::~KvTcpListener() {
  m_socket->SetAcceptCallback(MakeNullCallback<bool, Ptr<Socket>, const Address&>(),
                              MakeNullCallback<void, Ptr<Socket>, const Address&>());
}

void KvTcpListener::HandleAccept(Ptr<Socket> socket, const Address&) {
  auto admission = m_admit();
  if (!admission) {
    socket->Close();
    return;
  }
  auto session = std::make_unique<KvTcpSession>(admission->config, std::move(admission->handlers), socket,
                                                m_unsentBytes);
  auto& adopted = *session;
  m_add(std::move(session));
  adopted.Adopt();
}

}  // namespace kvferry::sim
