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
    : DatagramClient(io, peer),
      connection_(io, client_config(config), handler, host_port(peer).text(), *this, closing(), options) {}

Result<std::unique_ptr<UdpClient>> UdpClient::open(asio::io_context& io, const udp::endpoint& peer,
                                                   const ConnectionConfig& config, ConnectionHandler& handler,
                                                   const UdpOptions& options) {
  std::unique_ptr<UdpClient> client(new UdpClient(io, peer, config, handler, options));
  if (const SocketError error = client->connect()) return Error{error.message()};
  return client;
}

}  // namespace kvferry
