// SPDX-License-Identifier: MIT
//
// Drives one Connection (datagram binding) over a UDP socket.
#pragma once

#include "transport/datagram_connection.h"

namespace kvferry {

struct UdpOptions {
  // How long a closed connection still answers a peer that may not know it.
  Duration linger = std::chrono::seconds(1);
};

class UdpConnection final : public DatagramConnection {
 public:
  UdpConnection(asio::io_context& io, const ConnectionConfig& config, ConnectionHandler& handler,
                std::string peer, DatagramPort& port, std::function<void()> on_finished,
                const UdpOptions& options = {});

  void take(Time now, ByteView datagram, PathId path) override;
  void handle_error(const SocketError& error) override;

 private:
  void transmit() override;
  void wind_down() override;

  Role role_;
  UdpOptions options_;
};

}  // namespace kvferry
