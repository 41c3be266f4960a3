// SPDX-License-Identifier: GPL-2.0-only
#include "sim/model/kv-agent.h"

#include <ns3/boolean.h>
#include <ns3/enum.h>
#include <ns3/inet-socket-address.h>
#include <ns3/inet6-socket-address.h>
#include <ns3/node.h>
#include <ns3/object-factory.h>
#include <ns3/socket-factory.h>
#include <ns3/tcp-bbr.h>
#include <ns3/tcp-cubic.h>
#include <ns3/tcp-socket-base.h>
#include <ns3/tcp-socket-factory.h>
#include <ns3/trace-source-accessor.h>
#include <ns3/udp-socket-factory.h>
#include <ns3/uinteger.h>

#include "protocol/base/rng.h"

namespace kvferry::sim {

using namespace ns3;

NS_OBJECT_ENSURE_REGISTERED(KvAgent);

namespace {

// An MTU of 1500 less IP, TCP and its timestamps.
constexpr uint32_t kSegmentBytes = 1448;
constexpr uint32_t kSegmentBytes6 = 1428;

Duration ToDuration(const ns3::Time& time) { return Duration(time.GetNanoSeconds()); }

}  // namespace

TypeId KvAgent::GetTypeId() {
  static TypeId tid =
      TypeId("kvferry::KvAgent")
          .SetParent<Application>()
          .SetGroupName("Kvferry")
          .AddAttribute("Transport", "What the connection runs over.", EnumValue(TCP),
                        MakeEnumAccessor(&KvAgent::m_transport),
                        MakeEnumChecker(TCP, "Tcp", UDP, "Udp", QUIC, "Quic"))
          .AddAttribute(
              "SocketFactory",
              "Where sockets come from; the abstract ns3::SocketFactory means ns-3's TCP or UDP, as "
              "the transport needs.",
              TypeIdValue(SocketFactory::GetTypeId()), MakeTypeIdAccessor(&KvAgent::m_socketFactory),
              MakeTypeIdChecker())
          .AddAttribute("Port", "The source's port.", UintegerValue(kDefaultPort),
                        MakeUintegerAccessor(&KvAgent::m_port), MakeUintegerChecker<uint16_t>(1))
          .AddAttribute("UnsentBytes", "TCP: more is written only below so many bytes that it has not sent.",
                        UintegerValue(32 * 1024), MakeUintegerAccessor(&KvAgent::m_unsentBytes),
                        MakeUintegerChecker<uint32_t>(1))
          .AddAttribute("SocketBufferBytes", "TCP: send and receive buffer.", UintegerValue(4 << 20),
                        MakeUintegerAccessor(&KvAgent::m_socketBufferBytes),
                        MakeUintegerChecker<uint32_t>(16 * 1024, 1 << 30))
          .AddAttribute("TcpCongestion", "TCP: the congestion control.", TypeIdValue(TcpCubic::GetTypeId()),
                        MakeTypeIdAccessor(&KvAgent::m_tcpCongestion), MakeTypeIdChecker())
          .AddAttribute(
              "Congestion",
              "UDP and QUIC: the congestion control, by a model of the path (QUIC: BBRv2) or CUBIC.",
              EnumValue(MODEL), MakeEnumAccessor(&KvAgent::m_congestion),
              MakeEnumChecker(MODEL, "Model", CUBIC, "Cubic"))
          .AddAttribute("VirtualPayload",
                        "Cards are KvVirtualSources: their chunks have sizes, but neither bytes nor digests.",
                        BooleanValue(false), MakeBooleanAccessor(&KvAgent::m_virtualPayload),
                        MakeBooleanChecker())
          .AddAttribute("MaxDatagramBytes", "UDP: largest payload of a datagram.", UintegerValue(1452),
                        MakeUintegerAccessor(&KvAgent::m_maxDatagramBytes),
                        MakeUintegerChecker<uint32_t>(256, 1472))
          .AddAttribute("Seed", "Of the connections' random choices; 0: drawn, another one in each run.",
                        UintegerValue(0), MakeUintegerAccessor(&KvAgent::m_seed),
                        MakeUintegerChecker<uint64_t>())
          .AddAttribute("HandshakeTimeout", "The connection fails without the peer's hello.",
                        TimeValue(Seconds(10)), MakeTimeAccessor(&KvAgent::m_handshakeTimeout),
                        MakeTimeChecker(MilliSeconds(1)))
          .AddAttribute("IdleTimeout", "The connection fails when nothing is heard.", TimeValue(Seconds(30)),
                        MakeTimeAccessor(&KvAgent::m_idleTimeout), MakeTimeChecker(MilliSeconds(1)))
          .AddAttribute("GiveUpTimeout", "A transfer that stands still for so long has failed.",
                        TimeValue(Seconds(60)), MakeTimeAccessor(&KvAgent::m_giveUpTimeout),
                        MakeTimeChecker(MilliSeconds(1)))
          .AddTraceSource("Closed", "A connection has ended; the reason is empty when nothing was wrong.",
                          MakeTraceSourceAccessor(&KvAgent::m_closedTrace),
                          "kvferry::sim::KvAgent::ClosedTracedCallback")
          .AddTraceSource("Rtt", "A session's smoothed round trip has changed.",
                          MakeTraceSourceAccessor(&KvAgent::m_rttTrace),
                          "kvferry::sim::KvAgent::RttTracedCallback")
          .AddTraceSource(
              "DeliveryRate", "A session has a new estimate of the rate at which payload arrives.",
              MakeTraceSourceAccessor(&KvAgent::m_rateTrace), "kvferry::sim::KvAgent::RateTracedCallback")
          .AddTraceSource("Lost", "UDP and QUIC: how many packets a session has declared lost so far.",
                          MakeTraceSourceAccessor(&KvAgent::m_lostTrace),
                          "kvferry::sim::KvAgent::LostTracedCallback")
          .AddTraceSource(
              "Level", "The highest level of a transfer that is wanted, or being sent, has changed.",
              MakeTraceSourceAccessor(&KvAgent::m_levelTrace), "kvferry::sim::KvAgent::LevelTracedCallback")
          .AddTraceSource("Tx", "Handed to the socket, bytes tagged by class.",
                          MakeTraceSourceAccessor(&KvAgent::m_txTrace), "ns3::Packet::TracedCallback")
          .AddTraceSource("Rx", "Taken from the socket.", MakeTraceSourceAccessor(&KvAgent::m_rxTrace),
                          "ns3::Packet::TracedCallback");
  return tid;
}

KvAgent::KvAgent() : m_random(CreateObject<UniformRandomVariable>()) {}

uint64_t KvAgent::GetSeed() {
  constexpr uint32_t kMost = 0x7fffffff;
  while (m_seed == 0)
    m_seed = uint64_t{m_random->GetInteger(0, kMost)} << 31 | m_random->GetInteger(0, kMost);
  return m_seed;
}

int64_t KvAgent::AssignStreams(int64_t stream) {
  m_stream = stream;
  m_random->SetStream(stream + 1);
  return 2;
}

Ptr<Socket> KvAgent::CreateSocket(const Address& peer) {
  const bool stream = m_transport == TCP;
  auto factory = stream ? TcpSocketFactory::GetTypeId() : UdpSocketFactory::GetTypeId();
  if (m_socketFactory != SocketFactory::GetTypeId()) factory = m_socketFactory;
  auto socket = Socket::CreateSocket(GetNode(), factory);
  if (stream) TuneTcp(socket, Ipv6Address::IsMatchingType(peer) ? kSegmentBytes6 : kSegmentBytes);
  return socket;
}

Address KvAgent::MakeEndpoint(const Address& host) const {
  if (Ipv6Address::IsMatchingType(host)) return Inet6SocketAddress(Ipv6Address::ConvertFrom(host), m_port);
  return InetSocketAddress(Ipv4Address::ConvertFrom(host), m_port);
}

// Near Linux. ns-3 begins with segments of 536 bytes, and with acknowledgements that may be delayed for as
// long as the shortest retransmission timeout, which then fires for every single segment. What it calls the
// clock's granularity is the least by which the timeout exceeds the round trip. Its timeout may not grow from
// one repetition to the next, so it is the connection's timeouts that end things, not a count of them.
void KvAgent::TuneTcp(Ptr<Socket> socket, uint32_t segmentBytes) const {
  const auto tcp = DynamicCast<TcpSocketBase>(socket);
  if (!tcp) return;  // another stack's
  socket->SetAttribute("SegmentSize", UintegerValue(segmentBytes));
  socket->SetAttribute("SndBufSize", UintegerValue(m_socketBufferBytes));
  socket->SetAttribute("RcvBufSize", UintegerValue(m_socketBufferBytes));
  socket->SetAttribute("ConnTimeout", TimeValue(Seconds(1)));
  socket->SetAttribute("MinRto", TimeValue(MilliSeconds(200)));
  socket->SetAttribute("ClockGranularity", TimeValue(MilliSeconds(200)));
  socket->SetAttribute("DelAckTimeout", TimeValue(MilliSeconds(40)));
  socket->SetAttribute("DataRetries", UintegerValue(1000));
  socket->SetAttribute("TcpNoDelay", BooleanValue(true));
  ObjectFactory factory;
  factory.SetTypeId(m_tcpCongestion);
  auto congestion = factory.Create<TcpCongestionOps>();
  if (auto bbr = DynamicCast<TcpBbr>(congestion); bbr && m_stream >= 0)
    bbr->SetStream(static_cast<uint32_t>(m_stream));
  tcp->SetCongestionControlAlgorithm(congestion);
}

ConnectionConfig KvAgent::MakeConfig(Role role, uint64_t number) {
  ConnectionConfig config;
  config.role = role;
  config.binding = m_transport == TCP ? Binding::kStream : Binding::kDatagram;
  config.hello.agent = "kvferry-sim";
  if (m_virtualPayload) config.verification = Verification::kBySink;
  config.max_datagram_bytes = m_maxDatagramBytes;
  config.congestion.controller = m_congestion == MODEL ? Congestion::kModel : Congestion::kCubic;
  config.handshake_timeout = ToDuration(m_handshakeTimeout);
  config.idle_timeout = ToDuration(m_idleTimeout);
  config.give_up_timeout = ToDuration(m_giveUpTimeout);
  config.seed = Rng(GetSeed() ^ Rng(number).next()).next();
  return config;
}

void KvAgent::TracePath(uint64_t session, const PathStats& before, const PathStats& now) const {
  if (now.rtt && now.rtt != before.rtt) m_rttTrace(session, NanoSeconds(now.rtt->count()));
  const auto& rate = now.delivery_rate_bytes_per_s;
  if (rate && rate != before.delivery_rate_bytes_per_s) m_rateTrace(session, *rate);
  if (now.packets_lost != before.packets_lost) m_lostTrace(session, now.packets_lost);
}

KvSessionHandlers KvAgent::MakeHandlers(uint64_t number, std::function<void(const Event&)> event) {
  KvSessionHandlers handlers;
  handlers.event = [this, number, event = std::move(event)](const Event& what) {
    if (const auto* changed = std::get_if<event::LevelChanged>(&what))
      m_levelTrace(number, changed->id, changed->level);
    event(what);
  };
  handlers.tx = [this](Ptr<const Packet> packet) { m_txTrace(packet); };
  handlers.rx = [this](Ptr<const Packet> packet) { m_rxTrace(packet); };
  handlers.drained = [this, number, before = PathStats()](const KvSession& session) mutable {
    if (m_rttTrace.IsEmpty() && m_rateTrace.IsEmpty() && m_lostTrace.IsEmpty()) return;
    const auto now = session.GetPath();
    TracePath(number, std::exchange(before, now), now);
  };
  return handlers;
}

}  // namespace kvferry::sim
