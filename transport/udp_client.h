// SPDX-License-Identifier: MIT
//
// A client's end over UDP: one connected socket, one connection, one thread.
#pragma once

#include <memory>

#include "protocol/base/result.h"
#include "transport/udp_connection.h"
#include "transport/udp_socket.h"

namespace kvferry {

class UdpClient {
 public:
  // Nothing is sent before run(). The error is the system's. The handler, and the sinks it gives to the
  // connection, must outlive this. The configuration's seed is varied: it names the connection.
  [[nodiscard]] static Result<std::unique_ptr<UdpClient>> open(asio::io_context& io,
                                                               const udp::endpoint& peer,
                                                               const ConnectionConfig& config,
                                                               ConnectionHandler& handler,
                                                               const UdpOptions& options = {});

  // Before run().
  void capture_into(std::shared_ptr<Capture> capture) { socket_.capture_into(std::move(capture)); }

  // Runs the io_context on this thread until the connection is over.
  void run();

  [[nodiscard]] ConnectionDriver& connection() { return connection_; }

 private:
  UdpClient(asio::io_context& io, const udp::endpoint& peer, const ConnectionConfig& config,
            ConnectionHandler& handler, const UdpOptions& options);

  asio::io_context& io_;
  UdpSocket socket_;
  UdpConnection connection_;
};

}  // namespace kvferry
