// SPDX-License-Identifier: MIT
//
// Drives one QuicSession over a UDP socket that somebody else owns: a client's,
// or a server's that many sessions share.
#pragma once

#include <functional>

#include "transport/connection_driver.h"
#include "transport/quic/session.h"

namespace kvferry {

class QuicConnection final : public ConnectionDriver {
 public:
  using Send = std::function<void(PathId, Bytes datagram)>;

  // Sends with `send` until it calls `on_finished`, from within any of its calls; then it is over.
  QuicConnection(asio::io_context& io, QuicSession session, Role role, ConnectionHandler& handler,
                 std::string peer, Send send, std::function<void()> on_finished);

  // A client speaks first.
  void start() { settle(); }
  void handle_datagram(ByteView datagram, PathId path);
  // The peer cannot be reached. Ends a connection, unless it is one that may only be interrupted.
  void handle_error(const SocketError& error);

  [[nodiscard]] bool is_over() const { return is_finished(); }
  [[nodiscard]] const QuicSession& session() const { return session_; }
  [[nodiscard]] QuicSession::Ids take_ids() { return session_.take_ids(); }

 private:
  const Connection& core() const override { return session_.connection(); }
  std::optional<Event> poll_event() override;
  std::optional<Time> poll_timeout() const override { return session_.poll_timeout(); }
  void handle_timeout(Time now) override { session_.handle_timeout(now); }
  void transmit() override;
  void wind_down() override;
  void release() override;

  QuicSession session_;
  Role role_;
  Send send_;
  std::function<void()> on_finished_;
  bool unreachable_ = false;
};

}  // namespace kvferry
