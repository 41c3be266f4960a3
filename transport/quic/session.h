// SPDX-License-Identifier: MIT
//
// One kvferry connection over QUIC, without any I/O: datagrams and time in,
// datagrams and time out. The client's first bidirectional stream is the control
// stream, unidirectional streams carry data (SPEC.md, 5.2), DATAGRAM frames what
// may be dropped (5.3).
//
//   handshake ──both authenticated──► open ──Connection closed──► flushing ──acknowledged──► closing ──► over
//       └──────────── failure ───────────┴───────────────────────────────────────────────────────┘
//       └──────────── the peer has closed ─────────────────────────────────────► draining ─────────► over
//
// The law is that of Connection: after every call that changes the session, or
// a command to connection(), drain poll_transmit() and poll_event(), then arm
// one timer at poll_timeout(). Commands may be given from the beginning; what
// they say waits until both sides are authenticated.
//
// Timers: the library's own (loss, pacing, idle, handshake), the Connection's,
// and the end of flushing, closing and draining.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "protocol/connection/connection.h"
#include "transport/quic/connection_id.h"
#include "transport/quic/credentials.h"
#include "transport/quic/other_protocol.h"

namespace kvferry {

using QuicSecret = std::array<std::uint8_t, 32>;

struct QuicConfig {
  // Role, greeting, limits, timeouts, congestion (kModel is BBR2), seed. Its binding is of no matter.
  ConnectionConfig connection;
  std::shared_ptr<const QuicCredentials> credentials;
  QuicSecret secret{};  // server: stateless resets and tokens are made with it; keep it over restarts
  std::optional<std::uint64_t> fixed_seed;     // tests and simulation only
  std::optional<OtherProtocolChoice> other{};  // tests only; the connection then only begins and ends
  bool takes_datagrams = true;                 // that may be lost
};

// What a first datagram asks for; from QuicGate.
struct QuicOpening {
  std::uint32_t version = 0;
  QuicId peer;                     // the client's own
  QuicId destination;              // that it chose for us
  std::optional<QuicId> original;  // before a Retry, where destination is what that said
  Bytes token;
  Bytes address;  // where from
};

struct QuicDatagram {
  Bytes bytes;
  PathId path = 0;
  std::uint64_t new_bytes = 0;  // of the connection's, that it carries for the first time
  bool is_mtu_probe = false;    // larger than the path is known to take
};

class QuicSession {
 public:
  [[nodiscard]] static Result<QuicSession> client(const QuicConfig& config, Time now);
  // Then comes the first datagram, by handle_datagram().
  [[nodiscard]] static Result<QuicSession> server(const QuicConfig& config, const QuicOpening& opening,
                                                  Time now, PathId path = 0);
  ~QuicSession();
  QuicSession(QuicSession&&) noexcept;
  QuicSession& operator=(QuicSession&&) noexcept;

  // A server follows its client from path to path.
  void handle_datagram(Time now, ByteView datagram, PathId path = 0);
  void handle_timeout(Time now);  // at or after poll_timeout()

  [[nodiscard]] std::optional<QuicDatagram> poll_transmit(Time now);
  [[nodiscard]] std::optional<Event> poll_event();
  [[nodiscard]] std::optional<Time> poll_timeout() const;

  // For commands, getters and checks; never for any other handle_*() or poll_*().
  [[nodiscard]] Connection& connection();
  [[nodiscard]] const Connection& connection() const;

  [[nodiscard]] bool is_authenticated() const;  // both sides, as far as this one knows
  // TLS has ended it: one side does not believe the other, or they do not speak the same. Closed says why.
  [[nodiscard]] bool is_refused() const;
  // Forget it and its ids. A server's may be over at once: a first datagram that was damaged is no beginning.
  [[nodiscard]] bool is_over() const;
  // The last word is out, and none of the peer's is waited for: who is in a hurry may leave before it is
  // over.
  [[nodiscard]] bool may_leave() const;
  [[nodiscard]] PathStats path() const;
  // Datagrams for these ids are for this session. Each call tells what has changed since the last.
  struct Ids {
    std::vector<QuicId> added;
    std::vector<QuicId> retired;
  };
  [[nodiscard]] Ids take_ids();
  // Client: what the server gave for a later connection, ConnectionConfig::token; empty if nothing.
  [[nodiscard]] const Bytes& token() const;

  class Impl;

 private:
  explicit QuicSession(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace kvferry
