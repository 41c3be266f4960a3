// SPDX-License-Identifier: GPL-2.0-only
//
// The datagram binding on an ns-3 UDP socket.
#pragma once

#include "sim/model/kv-datagram-session.h"

namespace kvferry::sim {

class KvUdpSession final : public KvDatagramSession {
 public:
  KvUdpSession(const ConnectionConfig& config, KvSessionHandlers handlers, ns3::Ptr<ns3::Socket> socket,
               const ns3::Address& peer);

  [[nodiscard]] const Connection& GetConnection() const override { return m_connection; }

 private:
  Connection& GetCore() override { return m_connection; }
  void Take(Time now, ByteView datagram) override { m_connection.handle_datagram(now, datagram); }
  void Transmit() override;

  Connection m_connection;
};

}  // namespace kvferry::sim
