// SPDX-License-Identifier: GPL-2.0-only
//
// What the two kinds of agent share: attributes, sockets, and the settings of
// the connections that they host.
#pragma once

#include <ns3/application.h>
#include <ns3/nstime.h>
#include <ns3/random-variable-stream.h>
#include <ns3/socket.h>
#include <ns3/traced-callback.h>
#include <ns3/type-id.h>

#include <memory>
#include <string>

#include "sim/model/kv-session.h"

namespace kvferry::sim {

class KvAgent : public ns3::Application {
 public:
  enum Transport { TCP, UDP, QUIC };
  enum CongestionControl { MODEL, CUBIC };

  static constexpr uint16_t kDefaultPort = 4840;

  static ns3::TypeId GetTypeId();
  typedef void (*ClosedTracedCallback)(const std::string& reason);
  // session: as an agent's are numbered, from 0.
  typedef void (*RttTracedCallback)(uint64_t session, ns3::Time rtt);
  typedef void (*RateTracedCallback)(uint64_t session, double bytesPerSecond);
  typedef void (*LostTracedCallback)(uint64_t session, uint64_t packets);
  typedef void (*LevelTracedCallback)(uint64_t session, uint64_t transfer, uint8_t level);

  KvAgent();
  // Fixes the streams of what TCP's congestion control draws, and of the seed; returns how many are used.
  int64_t AssignStreams(int64_t stream);

 protected:
  // A socket of the agent's transport, tuned as the attributes say. peer: of the address family that counts.
  ns3::Ptr<ns3::Socket> CreateSocket(const ns3::Address& peer);
  // With the agent's port. host: an IPv4 or an IPv6 address.
  [[nodiscard]] ns3::Address MakeEndpoint(const ns3::Address& host) const;
  [[nodiscard]] bool HasVirtualPayload() const { return m_virtualPayload; }
  // number: counts an agent's sessions, so that each has its own seed.
  [[nodiscard]] ConnectionConfig MakeConfig(Role role, uint64_t number);
  [[nodiscard]] KvSessionHandlers MakeHandlers(uint64_t number, std::function<void(const Event&)> event);

  void NotifyClosed(const event::Closed& closed) { m_closedTrace(closed.reason); }

  Transport m_transport = TCP;
  uint16_t m_port = 0;
  uint32_t m_unsentBytes = 0;

 private:
  [[nodiscard]] uint64_t GetSeed();
  void TracePath(uint64_t session, const PathStats& before, const PathStats& now) const;
  void TuneTcp(ns3::Ptr<ns3::Socket> socket, uint32_t segmentBytes) const;

  ns3::TypeId m_socketFactory;
  uint32_t m_maxDatagramBytes = 0;
  CongestionControl m_congestion = MODEL;
  bool m_virtualPayload = false;
  ns3::TypeId m_tcpCongestion;
  uint32_t m_socketBufferBytes = 0;
  uint64_t m_seed = 0;
  ns3::Time m_handshakeTimeout;
  ns3::Time m_idleTimeout;
  ns3::Time m_giveUpTimeout;
  int64_t m_stream = -1;
  ns3::Ptr<ns3::UniformRandomVariable> m_random;
  ns3::TracedCallback<const std::string&> m_closedTrace;
  ns3::TracedCallback<uint64_t, ns3::Time> m_rttTrace;
  ns3::TracedCallback<uint64_t, double> m_rateTrace;
  ns3::TracedCallback<uint64_t, uint64_t> m_lostTrace;
  ns3::TracedCallback<uint64_t, uint64_t, uint8_t> m_levelTrace;
  ns3::TracedCallback<ns3::Ptr<const ns3::Packet>> m_txTrace;
  ns3::TracedCallback<ns3::Ptr<const ns3::Packet>> m_rxTrace;
};

}  // namespace kvferry::sim
