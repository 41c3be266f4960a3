// SPDX-License-Identifier: GPL-2.0-only
#include "sim/model/kv-datagram-session.h"

namespace kvferry::sim {

using namespace ns3;

void CopyBytes(Ptr<const Packet> packet, Bytes& bytes) {
  bytes.resize(packet->GetSize());
  packet->CopyData(bytes.data(), packet->GetSize());
}

void KvDatagramSession::HandleDatagram(Ptr<const Packet> packet, ByteView bytes) {
  NotifyRx(packet);
  Take(NowOnWire(), bytes);
  Drain();
}

void KvDatagramSession::Send(Ptr<Packet> packet) {
  NotifyTx(packet);
  m_socket->SendTo(packet, 0, m_peer);
}

}  // namespace kvferry::sim
