// SPDX-License-Identifier: GPL-2.0-only
//
// Real QUIC on an ns-3 UDP socket: the session of transport/quic, driven by simulated time. Its randomness is
// of a seed, so that sizes and times come out the same; the keys that TLS agrees on do not, nor does what
// travels.
//
// Classes of bytes: what streams carry for the first time is classed by the connection, in sum exactly, and
// within a datagram in the order of kv-byte-class-tag.h. What QUIC sends again is known by its datagrams
// being larger than what is new in them and what QUIC itself needs (estimated within a few bytes a datagram);
// handshake, acknowledgements, probes, headers and authentication tags are lower layers.
#pragma once

#include "sim/model/kv-datagram-session.h"
#include "transport/quic/session.h"

namespace kvferry::sim {

class KvQuicSession final : public KvDatagramSession {
 public:
  KvQuicSession(QuicSession session, KvSessionHandlers handlers, ns3::Ptr<ns3::Socket> socket,
                const ns3::Address& peer)
      : KvDatagramSession(std::move(handlers), socket, peer), m_session(std::move(session)) {}

  [[nodiscard]] const Connection& GetConnection() const override { return m_session.connection(); }
  [[nodiscard]] PathStats GetPath() const override { return m_session.path(); }
  [[nodiscard]] QuicSession::Ids TakeIds() { return m_session.take_ids(); }

 private:
  Connection& GetCore() override { return m_session.connection(); }
  void Take(Time now, ByteView datagram) override { m_session.handle_datagram(now, datagram); }
  std::optional<Event> PollEvent() override { return m_session.poll_event(); }
  [[nodiscard]] std::optional<Time> PollTimeout() const override { return m_session.poll_timeout(); }
  void HandleTimeout(Time now) override { m_session.handle_timeout(now); }
  void Transmit() override;
  [[nodiscard]] ByteClasses Class(const QuicDatagram& datagram);

  QuicSession m_session;
  ByteClasses m_classed;  // of the connection's ledger, what datagrams have been found to carry
};

// A session's set-up: the connection's seed makes all of its randomness.
[[nodiscard]] QuicConfig MakeQuicConfig(const ConnectionConfig& connection);
// What servers make tokens and resets with.
[[nodiscard]] QuicSecret GetQuicSecret();

}  // namespace kvferry::sim
