// SPDX-License-Identifier: MIT
//
// A client's end over UDP.
#pragma once

#include <memory>

#include "protocol/base/result.h"
#include "transport/datagram_client.h"
#include "transport/udp_connection.h"

namespace kvferry {

class UdpClient final : public DatagramClient {
 public:
  // Nothing is sent before run(). The error is the system's. The handler, and the sinks it gives to the
  // connection, must outlive this. The configuration's seed is varied: it names the connection.
  [[nodiscard]] static Result<std::unique_ptr<UdpClient>> open(asio::io_context& io,
                                                               const udp::endpoint& peer,
                                                               const ConnectionConfig& config,
                                                               ConnectionHandler& handler,
                                                               const UdpOptions& options = {});

  [[nodiscard]] UdpConnection& connection() override { return connection_; }

 private:
  UdpClient(asio::io_context& io, const udp::endpoint& peer, const ConnectionConfig& config,
            ConnectionHandler& handler, const UdpOptions& options);

  UdpConnection connection_;
};

}  // namespace kvferry
