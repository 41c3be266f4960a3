// SPDX-License-Identifier: GPL-2.0-only
#include "sim/model/kv-source.h"

#include <ns3/double.h>
#include <ns3/ipv4.h>
#include <ns3/ipv6.h>
#include <ns3/log.h>
#include <ns3/node.h>
#include <ns3/simulator.h>
#include <ns3/trace-source-accessor.h>
#include <ns3/uinteger.h>

#include <algorithm>

#include "sim/model/kv-quic-listener.h"
#include "sim/model/kv-tcp-listener.h"
#include "sim/model/kv-udp-listener.h"

namespace kvferry::sim {

using namespace ns3;

NS_LOG_COMPONENT_DEFINE("KvSource");
NS_OBJECT_ENSURE_REGISTERED(KvSource);

TypeId KvSource::GetTypeId() {
  static TypeId tid =
      TypeId("kvferry::KvSource")
          .SetParent<KvAgent>()
          .SetGroupName("Kvferry")
          .AddConstructor<KvSource>()
          .AddAttribute("MaxSessions", "Readers beyond this number get no session.", UintegerValue(64),
                        MakeUintegerAccessor(&KvSource::m_maxSessions), MakeUintegerChecker<uint32_t>(1))
          .AddAttribute("PrefillRate",
                        "Tokens a second of a document that nobody has asked for yet; 0: no time.",
                        DoubleValue(0), MakeDoubleAccessor(&KvSource::m_prefillTokensPerSecond),
                        MakeDoubleChecker<double>(0))
          .AddAttribute("EncodeRate", "Bytes of FP16 cache a second that become a card; 0: no time.",
                        DoubleValue(0), MakeDoubleAccessor(&KvSource::m_encodeBytesPerSecond),
                        MakeDoubleChecker<double>(0))
          .AddTraceSource("Requested", "A reader asks for a card.",
                          MakeTraceSourceAccessor(&KvSource::m_requestedTrace),
                          "kvferry::sim::KvSource::RequestedTracedCallback")
          .AddTraceSource("Confirmed", "A reader has verified and applied a card.",
                          MakeTraceSourceAccessor(&KvSource::m_confirmedTrace),
                          "kvferry::sim::KvSource::ConfirmedTracedCallback");
  return tid;
}

void KvSource::AddCard(const std::string& document, std::shared_ptr<ChunkSource> source) {
  const auto digest = encode_manifest(source->manifest()).digest();
  m_offers.push_back({digest, document, std::move(source), {}});
}

void KvSource::AddMadeCard(const std::string& document, std::shared_ptr<ChunkSource> source) {
  AddCard(document, std::move(source));
  m_offers.back().ready = Simulator::Now();
}

void KvSource::SetJob(std::function<std::unique_ptr<AdaptiveSource>()> make) {
  m_makeAdaptive = std::move(make);
}

const AdaptiveSource* KvSource::GetAdaptiveSource(size_t session) const {
  const auto found = m_adaptive.find(session);
  return found == m_adaptive.end() ? nullptr : found->second.get();
}

void KvSource::StartApplication() {
  if (GetNode()->GetObject<Ipv4>()) Listen(Ipv4Address::GetAny());
  if (GetNode()->GetObject<Ipv6>()) Listen(Ipv6Address::GetAny());
}

void KvSource::Listen(const Address& local) {
  auto socket = CreateSocket(local);
  socket->Bind(MakeEndpoint(local));
  KvListener::Admit admit = [this] { return Admit(); };
  KvListener::Add add = [this](std::unique_ptr<KvSession> session) {
    m_sessions.push_back(std::move(session));
  };
  if (m_transport == TCP) {
    m_listeners.push_back(
        std::make_unique<KvTcpListener>(socket, m_unsentBytes, std::move(admit), std::move(add)));
  } else if (m_transport == UDP) {
    m_listeners.push_back(std::make_unique<KvUdpListener>(socket, std::move(admit), std::move(add)));
  } else {
    const auto seed = MakeConfig(Role::kServer, m_maxSessions).seed;
    m_listeners.push_back(std::make_unique<KvQuicListener>(socket, seed, std::move(admit), std::move(add)));
  }
}

void KvSource::StopApplication() {
  for (auto& session : m_sessions) {
    session->Call([](Connection& connection, kvferry::Time now) {
      connection.close(now, ErrorCode::kApplication, "the source stops");
    });
  }
}

void KvSource::DoDispose() {
  for (auto& answer : m_answers) answer.Cancel();
  m_listeners.clear();
  m_sessions.clear();
  m_adaptive.clear();
  m_makeAdaptive = nullptr;
  m_offers.clear();
  KvAgent::DoDispose();
}

std::optional<KvAdmission> KvSource::Admit() {
  if (m_sessions.size() >= m_maxSessions) return std::nullopt;
  return KvAdmission{MakeConfig(Role::kServer, m_sessions.size()), MakeSessionHandlers()};
}

KvSessionHandlers KvSource::MakeSessionHandlers() {
  const auto number = m_sessions.size();
  auto handlers = MakeHandlers(number, [this, number](const Event& event) { HandleEvent(number, event); });
  if (m_makeAdaptive) {
    auto& adaptive = m_adaptive[number] = m_makeAdaptive();
    handlers.drained = [&adaptive, tracing = std::move(handlers.drained)](const KvSession& session) {
      adaptive->observe(session.GetConnection(), NowOnWire());
      tracing(session);
    };
  }
  return handlers;
}

bool KvSource::Adapt(size_t session, const Event& event) {
  const auto found = m_adaptive.find(session);
  if (found == m_adaptive.end()) return false;
  bool concerned = false;
  m_sessions.at(session)->Call([&](Connection& connection, kvferry::Time now) {
    concerned = found->second->on_event(connection, now, event);
  });
  return concerned;
}

void KvSource::HandleEvent(size_t session, const Event& event) {
  const bool adapted = Adapt(session, event);
  if (const auto* request = std::get_if<event::Requested>(&event)) {
    m_requestedTrace(request->id, request->options.document);
    if (!adapted && !Answer(session, *request)) HandleMiss(session, *request);
  } else if (const auto* confirmed = std::get_if<event::Confirmed>(&event)) {
    m_confirmedTrace(confirmed->id, confirmed->chunks);
  } else if (const auto* closed = std::get_if<event::Closed>(&event)) {
    NS_LOG_INFO("session " << session << " closed: " << closed->reason);
    NotifyClosed(*closed);
  }
}

KvSource::Offer* KvSource::Find(const RequestOptions& wanted) {
  const auto found = std::find_if(m_offers.begin(), m_offers.end(), [&](const Offer& offer) {
    return wanted.card ? *wanted.card == offer.digest : wanted.document == offer.document;
  });
  return found == m_offers.end() ? nullptr : &*found;
}

ns3::Time KvSource::GetMakingTime(const Manifest& manifest) const {
  double seconds = 0;
  if (m_prefillTokensPerSecond > 0)
    seconds += static_cast<double>(manifest.token_count) / m_prefillTokensPerSecond;
  if (m_encodeBytesPerSecond > 0) seconds += static_cast<double>(manifest.raw_bytes) / m_encodeBytesPerSecond;
  return Seconds(seconds);
}

bool KvSource::Answer(size_t session, const event::Requested& request) {
  auto* const offer = Find(request.options);
  if (!offer) return false;
  if (!offer->ready) offer->ready = Simulator::Now() + GetMakingTime(offer->source->manifest());
  const auto wait = *offer->ready - Simulator::Now();
  if (!wait.IsStrictlyPositive()) {
    Provide(session, request.id, offer->source);
  } else {
    m_answers.push_back(
        Simulator::Schedule(wait, &KvSource::Provide, this, session, request.id, offer->source));
  }
  return true;
}

void KvSource::Provide(size_t session, TransferId transfer, std::shared_ptr<ChunkSource> source) {
  m_sessions.at(session)->Call([&](Connection& connection, kvferry::Time now) {
    connection.provide(now, transfer, std::move(source));
  });
}

void KvSource::Refuse(size_t session, TransferId transfer, const std::string& reason) {
  m_sessions.at(session)->Call(
      [&](Connection& connection, kvferry::Time now) { connection.refuse(now, transfer, reason); });
}

void KvSource::HandleMiss(size_t session, const event::Requested& request) {
  Refuse(session, request.id, "the source has no such card");
}

}  // namespace kvferry::sim
