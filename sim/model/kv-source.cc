// SPDX-License-Identifier: GPL-2.0-only
#include "sim/model/kv-source.h"

#include <ns3/inet-socket-address.h>
#include <ns3/log.h>
#include <ns3/trace-source-accessor.h>
#include <ns3/uinteger.h>

#include "protocol/datagram/packet.h"
#include "sim/model/kv-tcp-session.h"
#include "sim/model/kv-udp-session.h"

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
          .AddAttribute("MaxSessions", "Readers beyond this number are not answered.", UintegerValue(64),
                        MakeUintegerAccessor(&KvSource::m_maxSessions), MakeUintegerChecker<uint32_t>(1))
          .AddTraceSource("Confirmed", "A reader has verified and applied a card.",
                          MakeTraceSourceAccessor(&KvSource::m_confirmedTrace),
                          "kvferry::sim::KvSource::ConfirmedTracedCallback");
  return tid;
}

void KvSource::AddCard(const std::string& document, std::shared_ptr<ChunkSource> source) {
  const auto digest = encode_manifest(source->manifest()).digest();
  m_offers.push_back({digest, document, std::move(source)});
}

void KvSource::SetJob(std::function<std::unique_ptr<AdaptiveSource>()> make) {
  m_makeAdaptive = std::move(make);
}

const AdaptiveSource* KvSource::GetAdaptiveSource(size_t session) const {
  const auto found = m_adaptive.find(session);
  return found == m_adaptive.end() ? nullptr : found->second.get();
}

void KvSource::StartApplication() {
  m_socket = CreateSocket();
  m_socket->Bind(InetSocketAddress(Ipv4Address::GetAny(), m_port));
  if (m_transport == UDP) {
    m_socket->SetRecvCallback(MakeCallback(&KvSource::HandleDatagrams, this));
    return;
  }
  m_socket->Listen();
  m_socket->SetAcceptCallback(MakeCallback(&KvSource::HandleConnectionRequest, this),
                              MakeCallback(&KvSource::HandleAccept, this));
}

void KvSource::StopApplication() {
  for (auto& session : m_sessions) {
    session->Call([](Connection& connection, kvferry::Time now) {
      connection.close(now, ErrorCode::kApplication, "the source stops");
    });
  }
}

void KvSource::DoDispose() {
  m_byConnectionId.clear();
  m_sessions.clear();
  m_adaptive.clear();
  m_makeAdaptive = nullptr;
  m_offers.clear();
  if (m_socket) {
    m_socket->SetRecvCallback(MakeNullCallback<void, Ptr<Socket>>());
    m_socket->SetAcceptCallback(MakeNullCallback<bool, Ptr<Socket>, const Address&>(),
                                MakeNullCallback<void, Ptr<Socket>, const Address&>());
    m_socket = nullptr;
  }
  KvAgent::DoDispose();
}

bool KvSource::HandleConnectionRequest(Ptr<Socket>, const Address&) {
  return m_sessions.size() < m_maxSessions;
}

KvSessionHandlers KvSource::MakeSessionHandlers() {
  const auto number = m_sessions.size();
  auto handlers = MakeHandlers([this, number](const Event& event) { HandleEvent(number, event); });
  if (m_makeAdaptive) {
    auto& adaptive = m_adaptive[number] = m_makeAdaptive();
    handlers.drained = [&adaptive](const Connection& connection) {
      adaptive->observe(connection, NowOnWire());
    };
  }
  return handlers;
}

void KvSource::HandleAccept(Ptr<Socket> socket, const Address&) {
  auto session = std::make_unique<KvTcpSession>(MakeConfig(Role::kServer, m_sessions.size()),
                                                MakeSessionHandlers(), socket, m_unsentBytes);
  auto& adopted = *session;
  m_sessions.push_back(std::move(session));
  adopted.Adopt();
}

void KvSource::HandleDatagrams(Ptr<Socket> socket) {
  Address peer;
  while (auto packet = socket->RecvFrom(peer)) {
    if (auto* session = FindUdpSession(packet, peer)) session->HandleDatagram(packet);
  }
}

KvUdpSession* KvSource::FindUdpSession(Ptr<Packet> packet, const Address& peer) {
  const auto bytes = CopyBytes(packet);
  const auto id = datagram_connection_id(bytes);
  if (!id) return nullptr;
  if (auto known = m_byConnectionId.find(*id); known != m_byConnectionId.end()) return known->second;
  // Nobody's damaged packet opens a session.
  if (m_sessions.size() >= m_maxSessions || !open_packet(bytes)) return nullptr;
  auto session = std::make_unique<KvUdpSession>(MakeConfig(Role::kServer, m_sessions.size()),
                                                MakeSessionHandlers(), m_socket, peer);
  auto* added = session.get();
  m_sessions.push_back(std::move(session));
  m_byConnectionId.emplace(*id, added);
  return added;
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
    if (!adapted) Answer(session, *request);
  } else if (const auto* confirmed = std::get_if<event::Confirmed>(&event)) {
    m_confirmedTrace(confirmed->id, confirmed->chunks);
  } else if (const auto* closed = std::get_if<event::Closed>(&event)) {
    NS_LOG_INFO("session " << session << " closed: " << closed->reason);
    NotifyClosed(*closed);
  }
}

void KvSource::Answer(size_t session, const event::Requested& request) {
  std::shared_ptr<ChunkSource> found;
  for (const auto& offer : m_offers) {
    const bool asked = request.options.card ? *request.options.card == offer.digest
                                            : request.options.document == offer.document;
    if (asked && !found) found = offer.source;
  }
  m_sessions.at(session)->Call([&](Connection& connection, kvferry::Time now) {
    if (found) {
      connection.provide(now, request.id, found);
    } else {
      connection.refuse(now, request.id, "the source has no such card");
    }
  });
}

}  // namespace kvferry::sim
