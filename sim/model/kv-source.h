// SPDX-License-Identifier: GPL-2.0-only
//
// The agent that has cards: waits for readers and gives each what it asks for.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "protocol/rate/adaptive_source.h"
#include "sim/model/kv-agent.h"

namespace kvferry::sim {

class KvUdpSession;

class KvSource final : public KvAgent {
 public:
  static ns3::TypeId GetTypeId();
  // transfer: as the connection numbers it. chunks: how many the reader has applied.
  typedef void (*ConfirmedTracedCallback)(uint64_t transfer, uint64_t chunks);

  // Answers requests for this card's digest, or, when they name none, for `document`.
  void AddCard(const std::string& document, std::shared_ptr<ChunkSource> source);

  // Answers requests for a job's segments, each session with a controller of its own; before AddCard()'s
  // cards.
  void SetJob(std::function<std::unique_ptr<AdaptiveSource>()> make);
  // Null: the session has none, or there is no such session.
  [[nodiscard]] const AdaptiveSource* GetAdaptiveSource(size_t session) const;

  [[nodiscard]] size_t GetSessionCount() const { return m_sessions.size(); }
  // Of the readers that came, in order; lives until the agent is disposed of.
  [[nodiscard]] const KvSession& GetSession(size_t number) const { return *m_sessions.at(number); }

 private:
  struct Offer {
    Digest digest;
    std::string document;
    std::shared_ptr<ChunkSource> source;
  };

  void StartApplication() override;
  void StopApplication() override;
  void DoDispose() override;

  bool HandleConnectionRequest(ns3::Ptr<ns3::Socket> socket, const ns3::Address& peer);
  void HandleAccept(ns3::Ptr<ns3::Socket> socket, const ns3::Address& peer);
  void HandleDatagrams(ns3::Ptr<ns3::Socket> socket);
  KvUdpSession* FindUdpSession(ns3::Ptr<ns3::Packet> packet, const ns3::Address& peer);
  KvSessionHandlers MakeSessionHandlers();
  void HandleEvent(size_t session, const Event& event);
  bool Adapt(size_t session, const Event& event);
  void Answer(size_t session, const event::Requested& request);

  uint32_t m_maxSessions = 0;
  std::vector<Offer> m_offers;
  ns3::Ptr<ns3::Socket> m_socket;
  std::vector<std::unique_ptr<KvSession>> m_sessions;
  std::function<std::unique_ptr<AdaptiveSource>()> m_makeAdaptive;
  std::map<size_t, std::unique_ptr<AdaptiveSource>> m_adaptive;  // by session
  std::map<uint64_t, KvUdpSession*> m_byConnectionId;
  ns3::TracedCallback<uint64_t, uint64_t> m_confirmedTrace;
};

}  // namespace kvferry::sim
