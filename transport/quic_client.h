// SPDX-License-Identifier: MIT
//
// A client's end over QUIC.
#pragma once

#include <memory>

#include "transport/datagram_client.h"
#include "transport/quic_connection.h"

namespace kvferry {

class QuicClient final : public DatagramClient {
 public:
  // Nothing is sent before run(). The handler, and the sinks it gives to the connection, must outlive this.
  // The configuration's seed is varied.
  [[nodiscard]] static Result<std::unique_ptr<QuicClient>> open(asio::io_context& io,
                                                                const udp::endpoint& peer, QuicConfig config,
                                                                ConnectionHandler& handler);

  [[nodiscard]] QuicConnection& connection() override { return connection_; }
  [[nodiscard]] const QuicSession& session() const { return connection_.session(); }

 private:
  QuicClient(asio::io_context& io, const udp::endpoint& peer, QuicSession session,
             ConnectionHandler& handler);

  QuicConnection connection_;
};

}  // namespace kvferry
