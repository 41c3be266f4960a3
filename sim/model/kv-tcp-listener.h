// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "sim/model/kv-listener.h"

namespace kvferry::sim {

class KvTcpListener final : public KvListener {
 public:
  // A socket that is bound. unsentBytes: see KvTcpSession.
  KvTcpListener(ns3::Ptr<ns3::Socket> socket, uint32_t unsentBytes, Admit admit, Add add);
  ~KvTcpListener() override;

 private:
  void HandleAccept(ns3::Ptr<ns3::Socket> socket, const ns3::Address& peer);

  ns3::Ptr<ns3::Socket> m_socket;
  uint32_t m_unsentBytes;
};

}  // namespace kvferry::sim
