// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <map>

#include "sim/model/kv-datagram-listener.h"

namespace kvferry::sim {

class KvUdpListener final : public KvDatagramListener {
 public:
  KvUdpListener(ns3::Ptr<ns3::Socket> socket, Admit admit, Add add)
      : KvDatagramListener(socket, std::move(admit), std::move(add)) {}

 private:
  KvDatagramSession* Find(ByteView datagram, const ns3::Address& peer) override;

  std::map<uint64_t, KvDatagramSession*> m_sessions;  // by connection id
};

}  // namespace kvferry::sim
