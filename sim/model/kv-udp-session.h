// SPDX-License-Identifier: GPL-2.0-only
//
// A session on an ns-3 UDP socket (datagram binding). A source's sessions share
// its socket, so the agent reads it and hands each datagram to its session.
#pragma once

#include <ns3/address.h>
#include <ns3/socket.h>

#include "sim/model/kv-session.h"

namespace kvferry::sim {

class KvUdpSession final : public KvSession {
 public:
  KvUdpSession(const ConnectionConfig& config, KvSessionHandlers handlers, ns3::Ptr<ns3::Socket> socket,
               const ns3::Address& peer);

  void Start() { Drain(); }
  void HandleDatagram(ns3::Ptr<ns3::Packet> packet);

 private:
  void Transmit() override;
  void Release() override {}

  ns3::Ptr<ns3::Socket> m_socket;
  ns3::Address m_peer;
};

// The bytes of a packet.
[[nodiscard]] Bytes CopyBytes(ns3::Ptr<const ns3::Packet> packet);

}  // namespace kvferry::sim
