// SPDX-License-Identifier: GPL-2.0-only
//
// The agent that has cards: waits for readers and gives each what it asks for. The first to ask for a card
// waits until it has been made (prefill and encoding); those after it only until it is there.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "protocol/rate/adaptive_source.h"
#include "sim/model/kv-agent.h"
#include "sim/model/kv-listener.h"

namespace kvferry::sim {

class KvSource : public KvAgent {
 public:
  static ns3::TypeId GetTypeId();
  // transfer: as the connection numbers it. chunks: how many the reader has applied.
  typedef void (*ConfirmedTracedCallback)(uint64_t transfer, uint64_t chunks);
  typedef void (*RequestedTracedCallback)(uint64_t transfer, const std::string& document);

  // Answers requests for this card's digest, or, when they name none, for `document`.
  void AddCard(const std::string& document, std::shared_ptr<ChunkSource> source);
  // One that need not be made first.
  void AddMadeCard(const std::string& document, std::shared_ptr<ChunkSource> source);

  // Answers requests for a job's segments, each session with a controller of its own; before AddCard()'s
  // cards.
  void SetJob(std::function<std::unique_ptr<AdaptiveSource>()> make);
  // Null: the session has none, or there is no such session.
  [[nodiscard]] const AdaptiveSource* GetAdaptiveSource(size_t session) const;

  [[nodiscard]] size_t GetSessionCount() const { return m_sessions.size(); }
  // Of the readers that came, in order; lives until the agent is disposed of.
  [[nodiscard]] const KvSession& GetSession(size_t number) const { return *m_sessions.at(number); }

 protected:
  struct Offer {
    Digest digest;
    std::string document;
    std::shared_ptr<ChunkSource> source;
    std::optional<ns3::Time> ready;  // when it has been made; nothing: nobody has asked yet
  };

  void StartApplication() override;
  void StopApplication() override;
  void DoDispose() override;

  // Of what the source does not have: refuses. A relay knows whom to ask.
  virtual void HandleMiss(size_t session, const event::Requested& request);
  // Gives, when it has been made, what is asked for; false: it is not here.
  bool Answer(size_t session, const event::Requested& request);
  void Refuse(size_t session, TransferId transfer, const std::string& reason);

 private:
  void Listen(const ns3::Address& local);
  [[nodiscard]] std::optional<KvAdmission> Admit();
  KvSessionHandlers MakeSessionHandlers();
  void HandleEvent(size_t session, const Event& event);
  bool Adapt(size_t session, const Event& event);
  [[nodiscard]] Offer* Find(const RequestOptions& wanted);
  [[nodiscard]] ns3::Time GetMakingTime(const Manifest& manifest) const;
  void Provide(size_t session, TransferId transfer, std::shared_ptr<ChunkSource> source);

  uint32_t m_maxSessions = 0;
  double m_prefillTokensPerSecond = 0;
  double m_encodeBytesPerSecond = 0;
  std::vector<Offer> m_offers;
  std::vector<std::unique_ptr<KvListener>> m_listeners;  // one for each version of IP that the node has
  std::vector<std::unique_ptr<KvSession>> m_sessions;
  std::function<std::unique_ptr<AdaptiveSource>()> m_makeAdaptive;
  std::map<size_t, std::unique_ptr<AdaptiveSource>> m_adaptive;  // by session
  std::vector<ns3::EventId> m_answers;                           // that are being made
  ns3::TracedCallback<uint64_t, const std::string&> m_requestedTrace;
  ns3::TracedCallback<uint64_t, uint64_t> m_confirmedTrace;
};

}  // namespace kvferry::sim
