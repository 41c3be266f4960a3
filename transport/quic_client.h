// SPDX-License-Identifier: MIT
//
// A client's end over QUIC: one connected socket, one session, one thread.
#pragma once

#include <memory>

#include "transport/quic_connection.h"
#include "transport/udp_socket.h"

namespace kvferry {

class QuicClient {
 public:
  // Nothing is sent before run(). The handler, and the sinks it gives to the connection, must outlive this.
  // The configuration's seed is varied.
  [[nodiscard]] static Result<std::unique_ptr<QuicClient>> open(asio::io_context& io,
                                                                const udp::endpoint& peer, QuicConfig config,
                                                                ConnectionHandler& handler);

  // Before run().
  void capture_into(std::shared_ptr<Capture> capture) { socket_.capture_into(std::move(capture)); }

  // Runs the io_context on this thread until the connection is over.
  void run();

  [[nodiscard]] ConnectionDriver& connection() { return connection_; }
  [[nodiscard]] const QuicSession& session() const { return connection_.session(); }

 private:
  QuicClient(asio::io_context& io, const udp::endpoint& peer, QuicSession session,
             ConnectionHandler& handler);

  asio::io_context& io_;
  UdpSocket socket_;
  QuicConnection connection_;
};

}  // namespace kvferry
