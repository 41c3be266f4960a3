// SPDX-License-Identifier: MIT
//
// Drives one QuicSession over a UDP socket.
#pragma once

#include "transport/datagram_connection.h"
#include "transport/quic/session.h"

namespace kvferry {

class QuicConnection final : public DatagramConnection {
 public:
  QuicConnection(asio::io_context& io, QuicSession session, Role role, ConnectionHandler& handler,
                 std::string peer, DatagramPort& port, std::function<void()> on_finished);

  void take(Time now, ByteView datagram, PathId path) override;
  void handle_error(const SocketError& error) override;
  [[nodiscard]] bool is_open() const override {
    return DatagramConnection::is_open() && session_.is_authenticated();
  }

  [[nodiscard]] const QuicSession& session() const { return session_; }
  [[nodiscard]] QuicSession::Ids take_ids() { return session_.take_ids(); }

 private:
  const Connection& core() const override { return session_.connection(); }
  std::optional<Event> poll_event() override;
  std::optional<Time> poll_timeout() const override { return session_.poll_timeout(); }
  void handle_timeout(Time now) override { session_.handle_timeout(now); }
  void transmit() override;
  void wind_down() override;

  QuicSession session_;
  Role role_;
  bool unreachable_ = false;
};

}  // namespace kvferry
