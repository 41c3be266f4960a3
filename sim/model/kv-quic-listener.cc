// SPDX-License-Identifier: GPL-2.0-only
#include "sim/model/kv-quic-listener.h"

#include <array>

#include "sim/model/kv-quic-session.h"

namespace kvferry::sim {

using namespace ns3;

KvQuicListener::KvQuicListener(Ptr<Socket> socket, uint64_t seed, Admit admit, Add add)
    : KvDatagramListener(socket, std::move(admit), std::move(add)), m_gate(GetQuicSecret(), seed) {}

KvDatagramSession* KvQuicListener::Find(ByteView datagram, const Address& peer) {
  const auto id = quic_destination(datagram);
  if (!id) return nullptr;
  if (auto known = m_sessions.find(*id); known != m_sessions.end()) return known->second;
  std::array<uint8_t, Address::MAX_SIZE> address{};
  const auto size = peer.CopyTo(address.data());
  const auto decision = m_gate.judge(NowOnWire(), datagram, {address.data(), size}, false);
  if (decision.verdict == QuicGate::Verdict::kAnswer) {
    const auto& answer = decision.answer;
    m_socket->SendTo(Create<Packet>(answer.data(), static_cast<uint32_t>(answer.size())), 0, peer);
  }
  return decision.verdict == QuicGate::Verdict::kOpen ? Open(decision.opening, peer) : nullptr;
}

KvDatagramSession* KvQuicListener::Open(const QuicOpening& opening, const Address& peer) {
  auto admission = m_admit();
  if (!admission) return nullptr;
  auto opened = QuicSession::server(MakeQuicConfig(admission->config), opening, NowOnWire());
  if (!opened) return nullptr;
  auto session =
      std::make_unique<KvQuicSession>(std::move(*opened), std::move(admission->handlers), m_socket, peer);
  auto* added = session.get();
  m_add(std::move(session));
  NoteIds(*added);
  return added;
}

void KvQuicListener::HandleTaken(KvDatagramSession* session) {
  NoteIds(static_cast<KvQuicSession&>(*session));
}

void KvQuicListener::NoteIds(KvQuicSession& session) {
  const auto changed = session.TakeIds();
  for (const QuicId& id : changed.added) m_sessions.emplace(id, &session);
  for (const QuicId& id : changed.retired) m_sessions.erase(id);
}

}  // namespace kvferry::sim
