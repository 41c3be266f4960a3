// SPDX-License-Identifier: GPL-2.0-only
//
// A session on an ns-3 UDP socket. A source's sessions share its socket, so the agent reads it and hands
// each datagram to its session.
#pragma once

#include <ns3/address.h>
#include <ns3/socket.h>

#include "sim/model/kv-session.h"

namespace kvferry::sim {

class KvDatagramSession : public KvSession {
 public:
  void Start() { Drain(); }
  // bytes: the packet's.
  void HandleDatagram(ns3::Ptr<const ns3::Packet> packet, ByteView bytes);

 protected:
  KvDatagramSession(KvSessionHandlers handlers, ns3::Ptr<ns3::Socket> socket, const ns3::Address& peer)
      : KvSession(std::move(handlers)), m_socket(socket), m_peer(peer) {}

  virtual void Take(Time now, ByteView datagram) = 0;
  void Send(ns3::Ptr<ns3::Packet> packet);

 private:
  ns3::Ptr<ns3::Socket> m_socket;
  ns3::Address m_peer;
};

// The bytes of a packet, in a buffer that may have been used before.
void CopyBytes(ns3::Ptr<const ns3::Packet> packet, Bytes& bytes);

}  // namespace kvferry::sim
