// SPDX-License-Identifier: GPL-2.0-only
//
// The agent that wants a card: connects to a source, requests, collects the
// chunks in a sink, says that it has applied them, and closes.
#pragma once

#include <ns3/address.h>

#include <string>

#include "sim/model/kv-agent.h"

namespace kvferry::sim {

class KvReader final : public KvAgent {
 public:
  static ns3::TypeId GetTypeId();
  typedef void (*ConnectedTracedCallback)();
  typedef void (*ChunkTracedCallback)(uint32_t index, uint64_t sizeBytes);
  typedef void (*CompleteTracedCallback)();
  typedef void (*FailedTracedCallback)(const std::string& reason);

  void SetRemote(const ns3::Address& source) { m_remote = source; }  // an IPv4 address, without port
  void SetRequest(const RequestOptions& options, std::shared_ptr<ChunkSink> sink);

  // Null before the start; lives until the agent is disposed of.
  [[nodiscard]] const KvSession* GetSession() const { return m_session.get(); }
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
  void Fail(const std::string& reason);

  ns3::Address m_remote;
  ns3::Time m_deadline;
  RequestOptions m_request;
  std::shared_ptr<ChunkSink> m_sink;
  State m_state = IDLE;
  std::string m_failure;
  TransferId m_transfer = 0;
  std::unique_ptr<KvSession> m_session;
  ns3::Ptr<ns3::Socket> m_udpSocket;
  ns3::EventId m_deadlineEvent;
  ns3::TracedCallback<> m_connectedTrace;
  ns3::TracedCallback<uint32_t, uint64_t> m_chunkTrace;
  ns3::TracedCallback<> m_completeTrace;
  ns3::TracedCallback<const std::string&> m_failedTrace;
};

}  // namespace kvferry::sim
