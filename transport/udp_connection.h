// SPDX-License-Identifier: MIT
//
// Drives one Connection (datagram binding) over a UDP socket that somebody else
// owns: a client's, or a server's that many connections share.
#pragma once

#include <functional>

#include "transport/connection_driver.h"
#include "transport/udp_paths.h"

namespace kvferry {

struct UdpOptions {
  // How long a closed connection still answers a peer that may not know it.
  Duration linger = std::chrono::seconds(1);
};

class UdpConnection final : public ConnectionDriver {
 public:
  using Send = std::function<void(PathId, Bytes datagram)>;

  // Sends with `send` until it calls `on_finished`, from within any of its calls; then it is over.
  UdpConnection(asio::io_context& io, const ConnectionConfig& config, ConnectionHandler& handler,
                std::string peer, Send send, std::function<void()> on_finished,
                const UdpOptions& options = {});

  // A client speaks first.
  void start() { settle(); }
  void handle_datagram(ByteView datagram, PathId path);
  // The peer cannot be reached. Ends a connection, unless it is one that may only be interrupted.
  void handle_error(const SocketError& error);

  [[nodiscard]] bool is_over() const { return is_finished(); }

 private:
  void transmit() override;
  void wind_down() override;
  void release() override;

  Role role_;
  Send send_;
  std::function<void()> on_finished_;
  UdpOptions options_;
};

}  // namespace kvferry
