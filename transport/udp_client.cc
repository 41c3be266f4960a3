// SPDX-License-Identifier: MIT
#include "transport/udp_client.h"

#include "transport/host_port.h"
#include "transport/random_seed.h"

namespace kvferry {
namespace {

ConnectionConfig client_config(ConnectionConfig config) {
  config.role = Role::kClient;
  config.binding = Binding::kDatagram;
  config.seed += random_seed();
  return config;
}

}  // namespace

UdpClient::UdpClient(asio::io_context& io, const udp::endpoint& peer, const ConnectionConfig& config,
                     ConnectionHandler& handler, const UdpOptions& options)
    : io_(io),
      socket_(io),
      connection_(
          io, client_config(config), handler, host_port(peer).text(),
          [this, peer](PathId, Bytes datagram) { socket_.send(peer, std::move(datagram)); },
          [this] { socket_.close(); }, options) {}

Result<std::unique_ptr<UdpClient>> UdpClient::open(asio::io_context& io, const udp::endpoint& peer,
                                                   const ConnectionConfig& config, ConnectionHandler& handler,
                                                   const UdpOptions& options) {
  std::unique_ptr<UdpClient> client(new UdpClient(io, peer, config, handler, options));
  if (const SocketError error = client->socket_.connect(peer)) {
    return Error{error.message()};
  }
  return client;
}

void UdpClient::run() {
  connection_.start();
  socket_.receive(
      [this](ByteView datagram, const udp::endpoint&) { connection_.handle_datagram(datagram, 0); },
      [this](const SocketError& error) { connection_.handle_error(error); });
  while (!connection_.is_over()) {
    if (io_.run_one() == 0) io_.restart();
  }
}

}  // namespace kvferry
