// SPDX-License-Identifier: GPL-2.0-only
//
// A session on an ns-3 TCP socket (stream binding). Little is kept unsent: the
// connection is polled only while the socket holds fewer bytes that TCP has not
// sent yet than the agent allows, so that a decision still matters when it is
// taken.
#pragma once

#include <ns3/nstime.h>
#include <ns3/sequence-number.h>
#include <ns3/socket.h>

#include "sim/model/kv-session.h"
#include "sim/model/kv-tagged-stream.h"

namespace kvferry::sim {

class KvTcpSession final : public KvSession {
 public:
  // Takes over a socket that is unconnected (call Connect) or accepted (call Adopt).
  KvTcpSession(const ConnectionConfig& config, KvSessionHandlers handlers, ns3::Ptr<ns3::Socket> socket,
               uint32_t unsentBytes);
  ~KvTcpSession() override;

  void Connect(const ns3::Address& peer);
  void Adopt();

  [[nodiscard]] const Connection& GetConnection() const override { return m_connection; }
  [[nodiscard]] PathStats GetPath() const override;

 private:
  enum State { OPENING, OPEN, FINISHED };

  Connection& GetCore() override { return m_connection; }
  void Transmit() override;
  void Release() override;
  void Fill();                                // m_pending, with a segment's worth
  bool Flush();                               // m_pending; false: the socket is full
  [[nodiscard]] bool IsAcknowledged() const;  // everything written
  void Fail(const std::string& fault);

  void HandleConnected(ns3::Ptr<ns3::Socket> socket);
  void HandleConnectFailed(ns3::Ptr<ns3::Socket> socket);
  void HandlePeerClosed(ns3::Ptr<ns3::Socket> socket);
  void HandleFault(ns3::Ptr<ns3::Socket> socket);
  void HandleRead(ns3::Ptr<ns3::Socket> socket);
  void HandleSendable(ns3::Ptr<ns3::Socket> socket, uint32_t available);
  void Pump();
  void HandleSent(ns3::SequenceNumber32 before, ns3::SequenceNumber32 after);
  void HandleRtt(ns3::Time before, ns3::Time after);

  Connection m_connection;
  ns3::Ptr<ns3::Socket> m_socket;
  State m_state = OPENING;
  KvTaggedStream m_pending;  // polled, not yet taken by the socket
  uint32_t m_segmentBytes;
  uint32_t m_unsentLimit;
  int64_t m_unsent = 0;  // taken by the socket, not yet sent for the first time
  ns3::EventId m_pump;
  Duration m_rtt = Duration::zero();
};

}  // namespace kvferry::sim
