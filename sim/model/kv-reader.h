// SPDX-License-Identifier: GPL-2.0-only
//
// The agent that wants cards: connects to a source, requests them all at once, collects the chunks in sinks,
// says that it has applied them, and closes. With rates of a device, applying takes time: chunks are decoded
// one after the other as they come, the cache is handed to the model when all are, and the answer's tokens
// follow.
#pragma once

#include <ns3/address.h>

#include <string>
#include <vector>

#include "sim/model/kv-agent.h"
#include "sim/model/kv-sized-sink.h"

namespace kvferry::sim {

class KvReader final : public KvAgent {
 public:
  static ns3::TypeId GetTypeId();
  typedef void (*ConnectedTracedCallback)();
  // request: as numbered by AddRequest().
  typedef void (*ManifestTracedCallback)(uint32_t request, const Digest& card);
  typedef void (*ChunkTracedCallback)(uint32_t request, uint32_t index, uint64_t sizeBytes);
  typedef void (*AppliedTracedCallback)(uint32_t request);
  typedef void (*TokenTracedCallback)(uint32_t request, uint32_t token);
  typedef void (*CompleteTracedCallback)();
  typedef void (*FailedTracedCallback)(const std::string& reason);

  void SetRemote(const ns3::Address& source) { m_remote = source; }  // an IPv4 or IPv6 address, without port
  // Before the start; numbered from 0.
  void AddRequest(const RequestOptions& options, std::shared_ptr<ChunkSink> sink);

  [[nodiscard]] size_t GetRequestCount() const { return m_wanted.size(); }
  // Null before the start; lives until the agent is disposed of.
  [[nodiscard]] const KvSession* GetSession() const { return m_session.get(); }
  // Every request has been answered to its end, by a card or a refusal, and at least one by a card.
  [[nodiscard]] bool IsComplete() const { return m_state == COMPLETE; }
  [[nodiscard]] const std::string& GetFailure() const { return m_failure; }  // empty: none

 private:
  enum State { IDLE, CONNECTING, REQUESTED, COMPLETE, FAILED };

  void StartApplication() override;
  void StopApplication() override;
  void DoDispose() override;

  void Connect(const ns3::Address& remote);
  void HandleDatagrams(ns3::Ptr<ns3::Socket> socket);
  void HandleEvent(const Event& event);
  void HandleClosed(const event::Closed& closed);
  void HandleDeadline();
  void Request();
  void Ask();
  void Decode(uint32_t request, uint64_t sizeBytes);
  void HandleWhole(TransferId id);
  void Apply(uint32_t request);
  void Generate(uint32_t request, uint32_t token);
  void Lose(TransferId id, const std::string& reason);
  void FinishIfAllEnded();
  [[nodiscard]] uint32_t NumberOf(TransferId id) const;
  void Fail(const std::string& reason);

  struct Wanted {
    RequestOptions options;
    std::unique_ptr<KvSizedSink> sink;
    TransferId transfer = 0;
    bool open = true;
    ns3::EventId next = {};  // when it is applied; then each of the answer's tokens
  };

  ns3::Address m_remote;
  ns3::Time m_deadline;
  bool m_askAtOnce = false;
  std::vector<Wanted> m_wanted;
  State m_state = IDLE;
  std::string m_failure;
  std::string m_lost;  // why the first request that failed did; empty: none
  size_t m_applied = 0;
  std::unique_ptr<KvSession> m_session;
  ns3::Ptr<ns3::Socket> m_datagramSocket;
  Bytes m_datagram;  // that is being handled
  ns3::EventId m_deadlineEvent;
  double m_decodeBytesPerSecond = 0;
  double m_injectBytesPerSecond = 0;
  double m_tokensPerSecond = 0;
  uint32_t m_answerTokens = 0;
  ns3::Time m_decoded;  // when the decoder will be done with what has come
  ns3::TracedCallback<> m_connectedTrace;
  ns3::TracedCallback<uint32_t, const Digest&> m_manifestTrace;
  ns3::TracedCallback<uint32_t, uint32_t, uint64_t> m_chunkTrace;
  ns3::TracedCallback<uint32_t> m_appliedTrace;
  ns3::TracedCallback<uint32_t, uint32_t> m_tokenTrace;
  ns3::TracedCallback<> m_completeTrace;
  ns3::TracedCallback<const std::string&> m_failedTrace;
};

}  // namespace kvferry::sim
