// SPDX-License-Identifier: GPL-2.0-only
#include "sim/model/kv-reader.h"

#include <ns3/inet-socket-address.h>
#include <ns3/log.h>
#include <ns3/simulator.h>
#include <ns3/trace-source-accessor.h>

#include <algorithm>

#include "sim/model/kv-tcp-session.h"
#include "sim/model/kv-udp-session.h"

namespace kvferry::sim {

using namespace ns3;

NS_LOG_COMPONENT_DEFINE("KvReader");
NS_OBJECT_ENSURE_REGISTERED(KvReader);

TypeId KvReader::GetTypeId() {
  static TypeId tid =
      TypeId("kvferry::KvReader")
          .SetParent<KvAgent>()
          .SetGroupName("Kvferry")
          .AddConstructor<KvReader>()
          .AddAttribute("Remote", "The source's address.", AddressValue(),
                        MakeAddressAccessor(&KvReader::m_remote), MakeAddressChecker())
          .AddAttribute(
              "Deadline", "Give up when the card is not complete so long after the start; zero: never.",
              TimeValue(Seconds(0)), MakeTimeAccessor(&KvReader::m_deadline), MakeTimeChecker(Seconds(0)))
          .AddTraceSource("Connected", "The source's hello is here; the request is made.",
                          MakeTraceSourceAccessor(&KvReader::m_connectedTrace),
                          "kvferry::sim::KvReader::ConnectedTracedCallback")
          .AddTraceSource("ManifestArrived", "A card has begun to come.",
                          MakeTraceSourceAccessor(&KvReader::m_manifestTrace),
                          "kvferry::sim::KvReader::ManifestTracedCallback")
          .AddTraceSource("ChunkArrived", "A verified chunk is in the sink.",
                          MakeTraceSourceAccessor(&KvReader::m_chunkTrace),
                          "kvferry::sim::KvReader::ChunkTracedCallback")
          .AddTraceSource("TransferComplete", "All that comes is in the sinks and is being confirmed.",
                          MakeTraceSourceAccessor(&KvReader::m_completeTrace),
                          "kvferry::sim::KvReader::CompleteTracedCallback")
          .AddTraceSource("Failed", "No card will come, or not all in time.",
                          MakeTraceSourceAccessor(&KvReader::m_failedTrace),
                          "kvferry::sim::KvReader::FailedTracedCallback");
  return tid;
}

void KvReader::AddRequest(const RequestOptions& options, std::shared_ptr<ChunkSink> sink) {
  m_wanted.push_back({options, std::move(sink)});
}

void KvReader::StartApplication() {
  m_state = CONNECTING;
  if (m_deadline.IsStrictlyPositive()) {
    m_deadlineEvent = Simulator::Schedule(m_deadline, &KvReader::HandleDeadline, this);
  }
  const InetSocketAddress remote(Ipv4Address::ConvertFrom(m_remote), m_port);
  if (m_transport == TCP) {
    StartTcp(remote);
  } else {
    StartUdp(remote);
  }
}

void KvReader::StartTcp(const Address& remote) {
  auto session = std::make_unique<KvTcpSession>(
      MakeConfig(Role::kClient, 0), MakeHandlers([this](const Event& event) { HandleEvent(event); }),
      CreateSocket(), m_unsentBytes);
  auto& opened = *session;
  m_session = std::move(session);
  opened.Connect(remote);
}

void KvReader::StartUdp(const Address& remote) {
  m_udpSocket = CreateSocket();
  m_udpSocket->Bind();
  m_udpSocket->Connect(remote);
  m_udpSocket->SetRecvCallback(MakeCallback(&KvReader::HandleDatagrams, this));
  auto session = std::make_unique<KvUdpSession>(
      MakeConfig(Role::kClient, 0), MakeHandlers([this](const Event& event) { HandleEvent(event); }),
      m_udpSocket, remote);
  auto& opened = *session;
  m_session = std::move(session);
  opened.Start();
}

void KvReader::StopApplication() {
  if (m_session && m_state != COMPLETE) Fail("the reader stops");
}

void KvReader::DoDispose() {
  m_deadlineEvent.Cancel();
  m_session.reset();
  m_wanted.clear();
  if (m_udpSocket) m_udpSocket->SetRecvCallback(MakeNullCallback<void, Ptr<Socket>>());
  m_udpSocket = nullptr;
  KvAgent::DoDispose();
}

void KvReader::HandleDatagrams(Ptr<Socket> socket) {
  while (auto packet = socket->Recv()) static_cast<KvUdpSession&>(*m_session).HandleDatagram(packet);
}

void KvReader::HandleEvent(const Event& event) {
  if (std::holds_alternative<event::Connected>(event)) {
    Request();
  } else if (const auto* chunk = std::get_if<event::ChunkArrived>(&event)) {
    m_chunkTrace(NumberOf(chunk->id), chunk->index, chunk->size_bytes);
  } else if (const auto* manifest = std::get_if<event::ManifestArrived>(&event)) {
    m_manifestTrace(NumberOf(manifest->id), manifest->card);
  } else if (const auto* complete = std::get_if<event::Complete>(&event)) {
    Apply(complete->id);
  } else if (const auto* refused = std::get_if<event::Refused>(&event)) {
    Lose(refused->id, "refused: " + refused->reason);
  } else if (const auto* rejected = std::get_if<event::Rejected>(&event)) {
    Lose(rejected->id, "rejected: " + rejected->reason);
  } else if (const auto* cancelled = std::get_if<event::Cancelled>(&event)) {
    Lose(cancelled->id, "cancelled: " + cancelled->reason);
  } else if (const auto* stalled = std::get_if<event::Stalled>(&event)) {
    NS_LOG_INFO("stalled: " << stalled->reason);
  } else if (const auto* closed = std::get_if<event::Closed>(&event)) {
    HandleClosed(*closed);
  }
}

void KvReader::Request() {
  if (m_state != CONNECTING) return;
  m_state = REQUESTED;
  m_connectedTrace();
  m_session->Call([this](Connection& connection, kvferry::Time now) {
    for (auto& wanted : m_wanted) wanted.transfer = connection.request(now, wanted.options, *wanted.sink);
  });
}

uint32_t KvReader::NumberOf(TransferId id) const {
  const auto found = std::find_if(m_wanted.begin(), m_wanted.end(),
                                  [id](const Wanted& wanted) { return wanted.transfer == id; });
  return static_cast<uint32_t>(found - m_wanted.begin());
}

void KvReader::Apply(TransferId id) {
  ++m_applied;
  m_wanted.at(NumberOf(id)).open = false;
  m_session->Call([id](Connection& connection, kvferry::Time now) { connection.confirm(now, id); });
  FinishIfAllEnded();
}

void KvReader::Lose(TransferId id, const std::string& reason) {
  if (m_lost.empty()) m_lost = reason;
  m_wanted.at(NumberOf(id)).open = false;
  FinishIfAllEnded();
}

void KvReader::FinishIfAllEnded() {
  if (m_state != REQUESTED) return;
  if (std::any_of(m_wanted.begin(), m_wanted.end(), [](const Wanted& wanted) { return wanted.open; })) return;
  if (m_applied == 0) return Fail(m_lost);
  m_state = COMPLETE;
  m_deadlineEvent.Cancel();
  m_completeTrace();
  m_session->Call([](Connection& connection, kvferry::Time now) { connection.close(now); });
}

void KvReader::HandleClosed(const event::Closed& closed) {
  const auto& fault = m_session->GetTransportFault();
  if (m_state != COMPLETE) Fail(fault.empty() ? "connection closed: " + closed.reason : fault);
  NotifyClosed(closed);
}

void KvReader::HandleDeadline() { Fail("not complete at the deadline"); }

void KvReader::Fail(const std::string& reason) {
  if (m_state == FAILED) return;
  const bool asked = m_state == REQUESTED;
  m_state = FAILED;
  m_failure = reason;
  m_deadlineEvent.Cancel();
  m_failedTrace(reason);
  m_session->Call([&](Connection& connection, kvferry::Time now) {
    for (const auto& wanted : m_wanted) {
      if (asked && wanted.open) connection.cancel(now, wanted.transfer, reason);
    }
    connection.close(now, ErrorCode::kNone, reason);
  });
}

}  // namespace kvferry::sim
