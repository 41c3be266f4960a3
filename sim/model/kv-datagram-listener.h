// SPDX-License-Identifier: GPL-2.0-only
//
// Many sessions behind one UDP socket.
#pragma once

#include "sim/model/kv-datagram-session.h"
#include "sim/model/kv-listener.h"

namespace kvferry::sim {

class KvDatagramListener : public KvListener {
 public:
  ~KvDatagramListener() override;

 protected:
  // A socket that is bound.
  KvDatagramListener(ns3::Ptr<ns3::Socket> socket, Admit admit, Add add);

  // Whose it is, a session of its own where a stranger may have one; null: nobody's.
  virtual KvDatagramSession* Find(ByteView datagram, const ns3::Address& peer) = 0;
  // It has taken what came.
  virtual void HandleTaken(KvDatagramSession*) {}

  ns3::Ptr<ns3::Socket> m_socket;

 private:
  void HandleDatagrams(ns3::Ptr<ns3::Socket> socket);

  Bytes m_bytes;  // of the packet that is being handled
};

}  // namespace kvferry::sim
