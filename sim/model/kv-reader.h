// SPDX-License-Identifier: GPL-2.0-only
//
// The agent that wants cards: connects to a source, requests them all at once,
// collects the chunks in sinks, says that it has applied them, and closes.
#pragma once

#include <ns3/address.h>

#include <string>
#include <vector>

#include "sim/model/kv-agent.h"

namespace kvferry::sim {

class KvReader final : public KvAgent {
 public:
  static ns3::TypeId GetTypeId();
  typedef void (*ConnectedTracedCallback)();
  // request: as numbered by AddRequest().
  typedef void (*ManifestTracedCallback)(uint32_t request, const Digest& card);
  typedef void (*ChunkTracedCallback)(uint32_t request, uint32_t index, uint64_t sizeBytes);
  typedef void (*CompleteTracedCallback)();
  typedef void (*FailedTracedCallback)(const std::string& reason);

  void SetRemote(const ns3::Address& source) { m_remote = source; }  // an IPv4 address, without port
  // Before the start; numbered from 0.
  void AddRequest(const RequestOptions& options, std::shared_ptr<ChunkSink> sink);

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

  void StartTcp(const ns3::Address& remote);
  void StartUdp(const ns3::Address& remote);
  void HandleDatagrams(ns3::Ptr<ns3::Socket> socket);
  void HandleEvent(const Event& event);
  void HandleClosed(const event::Closed& closed);
  void HandleDeadline();
  void Request();
  void Apply(TransferId id);
  void Lose(TransferId id, const std::string& reason);
  void FinishIfAllEnded();
  [[nodiscard]] uint32_t NumberOf(TransferId id) const;
  void Fail(const std::string& reason);

  struct Wanted {
    RequestOptions options;
    std::shared_ptr<ChunkSink> sink;
    TransferId transfer = 0;
    bool open = true;
  };

  ns3::Address m_remote;
  ns3::Time m_deadline;
  std::vector<Wanted> m_wanted;
  State m_state = IDLE;
  std::string m_failure;
  std::string m_lost;  // why the first request that failed did; empty: none
  size_t m_applied = 0;
  std::unique_ptr<KvSession> m_session;
  ns3::Ptr<ns3::Socket> m_udpSocket;
  ns3::EventId m_deadlineEvent;
  ns3::TracedCallback<> m_connectedTrace;
  ns3::TracedCallback<uint32_t, const Digest&> m_manifestTrace;
  ns3::TracedCallback<uint32_t, uint32_t, uint64_t> m_chunkTrace;
  ns3::TracedCallback<> m_completeTrace;
  ns3::TracedCallback<const std::string&> m_failedTrace;
};

}  // namespace kvferry::sim
