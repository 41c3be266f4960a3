// SPDX-License-Identifier: GPL-2.0-only
#include "sim/model/kv-tcp-session.h"

#include <ns3/simulator.h>
#include <ns3/tcp-socket-base.h>
#include <ns3/tcp-tx-buffer.h>
#include <ns3/uinteger.h>

#include <algorithm>

namespace kvferry::sim {

using namespace ns3;

KvTcpSession::KvTcpSession(const ConnectionConfig& config, KvSessionHandlers handlers, Ptr<Socket> socket,
                           uint32_t unsentBytes)
    : KvSession(std::move(handlers)),
      m_connection(config, NowOnWire()),
      m_socket(socket),
      m_pending(config.verification == Verification::kBySink),
      m_unsentLimit(unsentBytes) {
  UintegerValue segmentBytes;
  m_socket->GetAttribute("SegmentSize", segmentBytes);
  m_segmentBytes = static_cast<uint32_t>(segmentBytes.Get());
  m_socket->SetConnectCallback(MakeCallback(&KvTcpSession::HandleConnected, this),
                               MakeCallback(&KvTcpSession::HandleConnectFailed, this));
  m_socket->SetCloseCallbacks(MakeCallback(&KvTcpSession::HandlePeerClosed, this),
                              MakeCallback(&KvTcpSession::HandleFault, this));
  m_socket->SetRecvCallback(MakeCallback(&KvTcpSession::HandleRead, this));
  m_socket->SetSendCallback(MakeCallback(&KvTcpSession::HandleSendable, this));
}

KvTcpSession::~KvTcpSession() {
  m_pump.Cancel();
  m_socket->SetConnectCallback(MakeNullCallback<void, Ptr<Socket>>(), MakeNullCallback<void, Ptr<Socket>>());
  m_socket->SetCloseCallbacks(MakeNullCallback<void, Ptr<Socket>>(), MakeNullCallback<void, Ptr<Socket>>());
  m_socket->SetRecvCallback(MakeNullCallback<void, Ptr<Socket>>());
  m_socket->SetSendCallback(MakeNullCallback<void, Ptr<Socket>, uint32_t>());
  m_socket->TraceDisconnectWithoutContext("HighestSequence", MakeCallback(&KvTcpSession::HandleSent, this));
  m_socket->TraceDisconnectWithoutContext("RTT", MakeCallback(&KvTcpSession::HandleRtt, this));
}

void KvTcpSession::Connect(const Address& peer) {
  m_socket->Bind();
  m_socket->Connect(peer);
  Drain();
}

void KvTcpSession::Adopt() {
  m_state = OPEN;
  m_socket->TraceConnectWithoutContext("HighestSequence", MakeCallback(&KvTcpSession::HandleSent, this));
  m_socket->TraceConnectWithoutContext("RTT", MakeCallback(&KvTcpSession::HandleRtt, this));
  Drain();
}

void KvTcpSession::Transmit() {
  while (m_state == OPEN && m_unsent < m_unsentLimit) {
    Fill();
    if (m_pending.GetSize() == 0 || !Flush()) return;
  }
}

void KvTcpSession::Fill() {
  while (m_pending.GetSize() < m_segmentBytes) {
    const auto before = m_connection.ledger().sent;
    auto out = m_connection.poll_transmit(NowOnWire());
    if (!out) return;
    m_pending.Push(std::move(*out), Difference(m_connection.ledger().sent, before));
  }
}

bool KvTcpSession::Flush() {
  while (m_pending.GetSize() > 0) {
    const auto take = static_cast<uint32_t>(
        std::min<uint64_t>({m_pending.GetSize(), m_segmentBytes, m_socket->GetTxAvailable()}));
    if (take == 0) return false;
    const auto packet = m_pending.Take(take);
    NotifyTx(packet);
    if (m_socket->Send(packet) < 0) return false;
    m_unsent += take;
    if (m_pending.GetSize() < m_segmentBytes) return true;  // the rest with what follows it
  }
  return true;
}

// Waits until the last words are acknowledged: ns-3 does not repeat a lost segment that carries both data and
// FIN. A socket that is still opening is left to succeed or to give up: closed, it would send a RST, and a
// listener of ns-3 that gets a RST before any SYN crashes.
void KvTcpSession::Release() {
  if (m_state != OPEN || m_pending.GetSize() > 0 || !IsAcknowledged()) return;
  m_state = FINISHED;
  m_socket->Close();
}

bool KvTcpSession::IsAcknowledged() const {
  const auto tcp = DynamicCast<TcpSocketBase>(m_socket);
  return !tcp || tcp->GetTxBuffer()->Size() == 0;
}

void KvTcpSession::Fail(const std::string& fault) {
  if (m_state == FINISHED) return;
  SetTransportFault(fault);
  m_state = FINISHED;
  Call([](Connection& connection, kvferry::Time now) { connection.handle_end_of_stream(now); });
}

void KvTcpSession::HandleConnected(Ptr<Socket>) { Adopt(); }
void KvTcpSession::HandleConnectFailed(Ptr<Socket>) { Fail("TCP could not connect"); }
void KvTcpSession::HandleFault(Ptr<Socket>) { Fail("TCP gave up"); }

void KvTcpSession::HandlePeerClosed(Ptr<Socket>) {
  Call([](Connection& connection, kvferry::Time now) { connection.handle_end_of_stream(now); });
}

void KvTcpSession::HandleRead(Ptr<Socket>) {
  Bytes bytes;
  while (auto packet = m_socket->Recv()) {
    if (packet->GetSize() == 0) break;
    NotifyRx(packet);
    bytes.resize(packet->GetSize());
    packet->CopyData(bytes.data(), packet->GetSize());
    Call([&](Connection& connection, kvferry::Time now) { connection.handle_bytes(now, bytes); });
  }
}

// This and the next are called from within TCP's sending, which does not bear being entered again: more is
// written by an event of its own.
void KvTcpSession::HandleSendable(Ptr<Socket>, uint32_t) { Pump(); }

void KvTcpSession::HandleSent(SequenceNumber32 before, SequenceNumber32 after) {
  m_unsent = std::max<int64_t>(m_unsent - (after - before), 0);
  if (m_unsent < m_unsentLimit) Pump();
}

void KvTcpSession::Pump() {
  if (!m_pump.IsRunning()) m_pump = Simulator::ScheduleNow(&KvTcpSession::Drain, this);
}

PathStats KvTcpSession::GetPath() const {
  auto path = m_connection.path();
  if (m_rtt > Duration::zero()) path.rtt = m_rtt;
  return path;
}

void KvTcpSession::HandleRtt(ns3::Time, ns3::Time after) { m_rtt = Duration(after.GetNanoSeconds()); }

}  // namespace kvferry::sim
