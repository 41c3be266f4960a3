// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include <map>

#include "sim/model/kv-datagram-listener.h"
#include "transport/quic/gate.h"

namespace kvferry::sim {

class KvQuicSession;

// Strangers need not prove that they receive where they send from: simulated agents do not lie about it.
class KvQuicListener final : public KvDatagramListener {
 public:
  // seed: of what is answered to strangers.
  KvQuicListener(ns3::Ptr<ns3::Socket> socket, uint64_t seed, Admit admit, Add add);

 private:
  KvDatagramSession* Find(ByteView datagram, const ns3::Address& peer) override;
  void HandleTaken(KvDatagramSession* session) override;
  KvDatagramSession* Open(const QuicOpening& opening, const ns3::Address& peer);
  void NoteIds(KvQuicSession& session);

  QuicGate m_gate;
  std::map<QuicId, KvQuicSession*> m_sessions;
};

}  // namespace kvferry::sim
