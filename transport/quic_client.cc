// SPDX-License-Identifier: MIT
#include "transport/quic_client.h"

#include "transport/host_port.h"
#include "transport/random_seed.h"

namespace kvferry {

QuicClient::QuicClient(asio::io_context& io, const udp::endpoint& peer, QuicSession session,
                       ConnectionHandler& handler)
    : DatagramClient(io, peer),
      connection_(io, std::move(session), Role::kClient, handler, host_port(peer).text(), *this, closing()) {}

Result<std::unique_ptr<QuicClient>> QuicClient::open(asio::io_context& io, const udp::endpoint& peer,
                                                     QuicConfig config, ConnectionHandler& handler) {
  config.connection.role = Role::kClient;
  config.connection.seed += random_seed();
  config.connection = with_checks_by_driver(config.connection);
  auto session = QuicSession::client(config, steady_now());
  if (!session) return session.error();
  std::unique_ptr<QuicClient> client(new QuicClient(io, peer, std::move(*session), handler));
  if (const SocketError error = client->connect()) return Error{error.message()};
  return client;
}

}  // namespace kvferry
