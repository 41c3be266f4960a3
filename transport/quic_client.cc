// SPDX-License-Identifier: MIT
#include "transport/quic_client.h"

#include "transport/host_port.h"
#include "transport/random_seed.h"

namespace kvferry {

QuicClient::QuicClient(asio::io_context& io, const udp::endpoint& peer, QuicSession session,
                       ConnectionHandler& handler)
    : io_(io),
      socket_(io),
      connection_(
          io, std::move(session), Role::kClient, handler, host_port(peer).text(),
          [this, peer](PathId, Bytes datagram) { socket_.send(peer, std::move(datagram)); },
          [this] { socket_.close(); }) {}

Result<std::unique_ptr<QuicClient>> QuicClient::open(asio::io_context& io, const udp::endpoint& peer,
                                                     QuicConfig config, ConnectionHandler& handler) {
  config.connection.role = Role::kClient;
  config.connection.seed += random_seed();
  auto session = QuicSession::client(config, steady_now());
  if (!session) return session.error();
  std::unique_ptr<QuicClient> client(new QuicClient(io, peer, std::move(*session), handler));
  if (const SocketError error = client->socket_.connect(peer)) return Error{error.message()};
  return client;
}

void QuicClient::run() {
  connection_.start();
  socket_.receive(
      [this](ByteView datagram, const udp::endpoint&) { connection_.handle_datagram(datagram, 0); },
      [this](const SocketError& error) { connection_.handle_error(error); });
  while (!connection_.is_over()) {
    if (io_.run_one() == 0) io_.restart();
  }
}

}  // namespace kvferry
