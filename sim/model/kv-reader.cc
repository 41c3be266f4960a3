// SPDX-License-Identifier: GPL-2.0-only
#include "sim/model/kv-reader.h"

#include <ns3/boolean.h>
#include <ns3/double.h>
#include <ns3/fatal-error.h>
#include <ns3/inet-socket-address.h>
#include <ns3/inet6-socket-address.h>
#include <ns3/log.h>
#include <ns3/simulator.h>
#include <ns3/trace-source-accessor.h>
#include <ns3/uinteger.h>

#include <algorithm>

#include "sim/model/kv-quic-session.h"
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
          .AddAttribute("AskAtOnce",
                        "The request leaves behind the own hello, as the programs' does, and not when the "
                        "source's is here.",
                        BooleanValue(false), MakeBooleanAccessor(&KvReader::m_askAtOnce),
                        MakeBooleanChecker())
          .AddAttribute("DecodeRate", "Bytes of FP16 cache a second that come out of cards; 0: no time.",
                        DoubleValue(0), MakeDoubleAccessor(&KvReader::m_decodeBytesPerSecond),
                        MakeDoubleChecker<double>(0))
          .AddAttribute("InjectRate",
                        "Bytes of FP16 cache a second that are handed to the model; 0: no time.",
                        DoubleValue(0), MakeDoubleAccessor(&KvReader::m_injectBytesPerSecond),
                        MakeDoubleChecker<double>(0))
          .AddAttribute("TokenRate", "Tokens a second of an answer; 0: no time.", DoubleValue(0),
                        MakeDoubleAccessor(&KvReader::m_tokensPerSecond), MakeDoubleChecker<double>(0))
          .AddAttribute("AnswerTokens", "Tokens of an answer; 0: none is given.", UintegerValue(0),
                        MakeUintegerAccessor(&KvReader::m_answerTokens),
                        MakeUintegerChecker<uint32_t>(0, 1 << 20))
          .AddTraceSource("Connected", "The source's hello is here, and the request is made.",
                          MakeTraceSourceAccessor(&KvReader::m_connectedTrace),
                          "kvferry::sim::KvReader::ConnectedTracedCallback")
          .AddTraceSource("ManifestArrived", "A card has begun to come.",
                          MakeTraceSourceAccessor(&KvReader::m_manifestTrace),
                          "kvferry::sim::KvReader::ManifestTracedCallback")
          .AddTraceSource("ChunkArrived", "A verified chunk is in the sink.",
                          MakeTraceSourceAccessor(&KvReader::m_chunkTrace),
                          "kvferry::sim::KvReader::ChunkTracedCallback")
          .AddTraceSource("Applied", "A card is decoded and with the model.",
                          MakeTraceSourceAccessor(&KvReader::m_appliedTrace),
                          "kvferry::sim::KvReader::AppliedTracedCallback")
          .AddTraceSource("Token", "A token of an answer, from 0.",
                          MakeTraceSourceAccessor(&KvReader::m_tokenTrace),
                          "kvferry::sim::KvReader::TokenTracedCallback")
          .AddTraceSource("TransferComplete", "All that comes is applied and is being confirmed.",
                          MakeTraceSourceAccessor(&KvReader::m_completeTrace),
                          "kvferry::sim::KvReader::CompleteTracedCallback")
          .AddTraceSource("Failed", "No card will come, or not all in time.",
                          MakeTraceSourceAccessor(&KvReader::m_failedTrace),
                          "kvferry::sim::KvReader::FailedTracedCallback");
  return tid;
}

void KvReader::AddRequest(const RequestOptions& options, std::shared_ptr<ChunkSink> sink) {
  m_wanted.push_back({options, std::make_unique<KvSizedSink>(std::move(sink))});
}

void KvReader::StartApplication() {
  m_state = CONNECTING;
  if (m_deadline.IsStrictlyPositive()) {
    m_deadlineEvent = Simulator::Schedule(m_deadline, &KvReader::HandleDeadline, this);
  }
  Connect(MakeEndpoint(m_remote));
}

void KvReader::Connect(const Address& remote) {
  const auto config = MakeConfig(Role::kClient, 0);
  auto handlers = MakeHandlers(0, [this](const Event& event) { HandleEvent(event); });
  auto socket = CreateSocket(m_remote);
  if (m_transport == TCP) {
    auto session = std::make_unique<KvTcpSession>(config, std::move(handlers), socket, m_unsentBytes);
    auto& opened = *session;
    m_session = std::move(session);
    if (m_askAtOnce) Ask();
    return opened.Connect(remote);
  }
  m_datagramSocket = socket;
  Ipv6Address::IsMatchingType(m_remote) ? socket->Bind6() : socket->Bind();
  socket->Connect(remote);
  socket->SetRecvCallback(MakeCallback(&KvReader::HandleDatagrams, this));
  std::unique_ptr<KvDatagramSession> session;
  if (m_transport == UDP) {
    session = std::make_unique<KvUdpSession>(config, std::move(handlers), socket, remote);
  } else {
    auto opened = QuicSession::client(MakeQuicConfig(config), NowOnWire());
    if (!opened) NS_FATAL_ERROR("QUIC: " << opened.error().message);
    session = std::make_unique<KvQuicSession>(std::move(*opened), std::move(handlers), socket, remote);
  }
  auto& opened = *session;
  m_session = std::move(session);
  if (m_askAtOnce) Ask();
  opened.Start();
}

void KvReader::StopApplication() {
  if (m_session && m_state != COMPLETE) Fail("the reader stops");
}

void KvReader::DoDispose() {
  m_deadlineEvent.Cancel();
  for (auto& wanted : m_wanted) wanted.next.Cancel();
  m_session.reset();
  m_wanted.clear();
  if (m_datagramSocket) m_datagramSocket->SetRecvCallback(MakeNullCallback<void, Ptr<Socket>>());
  m_datagramSocket = nullptr;
  KvAgent::DoDispose();
}

void KvReader::HandleDatagrams(Ptr<Socket> socket) {
  while (auto packet = socket->Recv()) {
    CopyBytes(packet, m_datagram);
    static_cast<KvDatagramSession&>(*m_session).HandleDatagram(packet, m_datagram);
  }
}

void KvReader::HandleEvent(const Event& event) {
  if (std::holds_alternative<event::Connected>(event)) {
    Request();
  } else if (const auto* chunk = std::get_if<event::ChunkArrived>(&event)) {
    Decode(NumberOf(chunk->id), chunk->size_bytes);
    m_chunkTrace(NumberOf(chunk->id), chunk->index, chunk->size_bytes);
  } else if (const auto* manifest = std::get_if<event::ManifestArrived>(&event)) {
    m_manifestTrace(NumberOf(manifest->id), manifest->card);
  } else if (const auto* complete = std::get_if<event::Complete>(&event)) {
    HandleWhole(complete->id);
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
  if (!m_askAtOnce) Ask();
}

void KvReader::Ask() {
  m_session->Call([this](Connection& connection, kvferry::Time now) {
    for (auto& wanted : m_wanted) wanted.transfer = connection.request(now, wanted.options, *wanted.sink);
  });
}

uint32_t KvReader::NumberOf(TransferId id) const {
  const auto found = std::find_if(m_wanted.begin(), m_wanted.end(),
                                  [id](const Wanted& wanted) { return wanted.transfer == id; });
  return static_cast<uint32_t>(found - m_wanted.begin());
}

// Its share of the cache, when the decoder is done with what came before it.
void KvReader::Decode(uint32_t request, uint64_t sizeBytes) {
  if (m_decodeBytesPerSecond <= 0) return;
  const auto& card = *m_wanted.at(request).sink;
  const auto rawBytes = static_cast<double>(card.GetRawBytes()) * static_cast<double>(sizeBytes) /
                        static_cast<double>(card.GetPayloadBytes());
  m_decoded = std::max(m_decoded, Simulator::Now()) + Seconds(rawBytes / m_decodeBytesPerSecond);
}

void KvReader::HandleWhole(TransferId id) {
  const auto request = NumberOf(id);
  auto wait = std::max(m_decoded - Simulator::Now(), Seconds(0));
  if (m_injectBytesPerSecond > 0)
    wait += Seconds(static_cast<double>(m_wanted.at(request).sink->GetRawBytes()) / m_injectBytesPerSecond);
  if (wait.IsZero()) return Apply(request);
  m_wanted.at(request).next = Simulator::Schedule(wait, &KvReader::Apply, this, request);
}

void KvReader::Apply(uint32_t request) {
  if (m_state != REQUESTED) return;
  ++m_applied;
  auto& wanted = m_wanted.at(request);
  wanted.open = false;
  m_appliedTrace(request);
  m_session->Call(
      [&](Connection& connection, kvferry::Time now) { connection.confirm(now, wanted.transfer); });
  if (m_answerTokens > 0) Generate(request, 0);
  FinishIfAllEnded();
}

void KvReader::Generate(uint32_t request, uint32_t token) {
  const auto wait = Seconds(m_tokensPerSecond > 0 ? 1 / m_tokensPerSecond : 0);
  m_wanted.at(request).next = Simulator::Schedule(wait, [this, request, token] {
    m_tokenTrace(request, token);
    if (token + 1 < m_answerTokens) Generate(request, token + 1);
  });
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
