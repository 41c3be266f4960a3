// SPDX-License-Identifier: MIT
//
// A client's end over a UDP socket of its own: one connection, one thread. What
// those over UDP and QUIC share.
#pragma once

#include "transport/datagram_connection.h"
#include "transport/udp_socket.h"

namespace kvferry {

class DatagramClient : protected DatagramPort {
 public:
  // Before run().
  void capture_into(std::shared_ptr<Capture> capture) { socket_.capture_into(std::move(capture)); }

  // Runs the io_context on this thread until the connection is over.
  void run();

  [[nodiscard]] virtual DatagramConnection& connection() = 0;

 protected:
  DatagramClient(asio::io_context& io, const udp::endpoint& peer) : io_(io), socket_(io), peer_(peer) {}
  [[nodiscard]] SocketError connect() { return socket_.connect(peer_); }
  // For the connection's on_finished.
  [[nodiscard]] std::function<void()> closing() {
    return [this] { socket_.close(); };
  }

 private:
  void send(PathId, ByteView datagram) override { socket_.send(peer_, datagram); }
  void flush() override { socket_.flush(); }

  asio::io_context& io_;
  UdpSocket socket_;
  udp::endpoint peer_;
};

}  // namespace kvferry
