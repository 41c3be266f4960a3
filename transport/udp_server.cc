// SPDX-License-Identifier: MIT
#include "transport/udp_server.h"

#include <exception>

#include "protocol/datagram/retry_packet.h"
#include "transport/random_seed.h"

namespace kvferry {
namespace {

// What a retry token is bound to: address and port.
Bytes address_bytes(const udp::endpoint& endpoint) {
  Bytes bytes = host_bytes(endpoint);
  put_le(bytes, endpoint.port());
  return bytes;
}

}  // namespace

// A connection and its application. What the application throws ends this connection only.
class UdpServer::Peer final : public ConnectionHandler {
 public:
  Peer(UdpServer& server, std::uint64_t id, const udp::endpoint& from, const ConnectionConfig& config)
      : server_(server),
        paths_(from),
        handler_(server.make_handler_()),
        connection_(
            server.io_, config, *this, host_port(from).text(),
            [this](PathId path, Bytes datagram) { send(path, std::move(datagram)); },
            [&server, id] { asio::post(server.io_, [&server, id] { server.reap(id); }); },
            server.options_.udp) {}

  void handle_datagram(ByteView datagram, const udp::endpoint& from) {
    connection_.handle_datagram(datagram, paths_.received_from(from));
  }
  [[nodiscard]] UdpConnection& connection() { return connection_; }
  // It has acknowledged something, so it receives what is sent to it.
  [[nodiscard]] bool has_answered() const { return connection_.connection().path().rtt.has_value(); }

  void on_event(ConnectionDriver& driver, const Event& event) override {
    if (failed_) return;
    try {
      handler_->on_event(driver, event);
    } catch (const std::exception& error) {
      failed_ = true;
      if (server_.on_failure_) server_.on_failure_(driver.peer(), error.what());
      driver.drop();
    }
  }

 private:
  void send(PathId path, Bytes datagram) {
    if (const auto to = paths_.send_to(path)) server_.socket_.send(*to, std::move(datagram));
  }

  UdpServer& server_;
  UdpPaths paths_;
  std::unique_ptr<ConnectionHandler> handler_;
  UdpConnection connection_;
  bool failed_ = false;
};

Result<std::unique_ptr<UdpServer>> UdpServer::listen(const UdpServerOptions& options,
                                                     MakeHandler make_handler, OnFailure on_failure) {
  auto endpoints = resolve(options.listen, std::chrono::seconds(5));
  if (!endpoints) return endpoints.error();
  if (endpoints->empty()) return Error{options.listen.text() + ": no address"};
  std::unique_ptr<UdpServer> server(new UdpServer(options, std::move(make_handler), std::move(on_failure)));
  const auto& endpoint = endpoints->front();
  if (const SocketError error = server->socket_.bind({endpoint.address(), endpoint.port()})) {
    return Error{"cannot listen on " + options.listen.text() + ": " + error.message()};
  }
  return server;
}

UdpServer::UdpServer(const UdpServerOptions& options, MakeHandler make_handler, OnFailure on_failure)
    : options_(options),
      make_handler_(std::move(make_handler)),
      on_failure_(std::move(on_failure)),
      tokens_(random_key()),
      socket_(io_),
      sweep_(io_),
      grace_(io_) {
  options_.connection.role = Role::kServer;
  options_.connection.binding = Binding::kDatagram;
  socket_.capture_into(options_.capture);
}

UdpServer::~UdpServer() = default;

HostPort UdpServer::local() const { return host_port(socket_.local()); }

void UdpServer::run() {
  socket_.receive([this](ByteView datagram, const udp::endpoint& from) { on_datagram(datagram, from); });
  while (!stopping_ || !peers_.empty()) {
    if (io_.run_one() == 0) io_.restart();
  }
  socket_.close();
}

void UdpServer::stop() {
  asio::post(io_, [this] { close_all(); });
}

void UdpServer::on_datagram(ByteView datagram, const udp::endpoint& from) {
  const auto id = datagram_connection_id(datagram);
  if (!id) {
    if (auto answer = answer_unknown_kind(datagram)) socket_.send(from, std::move(*answer));
    return;
  }
  const auto found = peers_.find(*id);
  if (found == peers_.end()) return on_stranger(datagram, from);
  found->second->handle_datagram(datagram, from);
  const auto half_open = half_open_.find(*id);
  if (half_open != half_open_.end() && found->second->has_answered()) half_open_.erase(half_open);
}

void UdpServer::on_stranger(ByteView datagram, const udp::endpoint& from) {
  const auto first = open_first_packet(datagram);
  if (!first || stopping_ || ended_.contains(first->connection_id)) return;
  const bool proved = is_proved(*first, from);
  if (!proved && half_open_.size() >= options_.max_half_open) {
    return send_retry(first->connection_id, from);
  }
  if (peers_.size() >= options_.max_connections) return;
  Peer& peer = open_connection(first->connection_id, from, proved);
  if (!proved) {
    half_open_[first->connection_id] = steady_now();
    if (half_open_.size() == 1) sweep();
  }
  peer.handle_datagram(datagram, from);
}

bool UdpServer::is_proved(const FirstPacket& first, const udp::endpoint& from) const {
  const Time now = steady_now();
  return tokens_.accepts(now, address_bytes(from), first.connection_id, first.token) ||
         tokens_.accepts(now, host_bytes(from), first.connection_id, first.token);
}

void UdpServer::send_retry(std::uint64_t connection_id, const udp::endpoint& to) {
  socket_.send(
      to, seal_retry({connection_id, tokens_.make_retry(steady_now(), address_bytes(to), connection_id)}));
}

UdpServer::Peer& UdpServer::open_connection(std::uint64_t connection_id, const udp::endpoint& from,
                                            bool proved) {
  ConnectionConfig config = options_.connection;
  config.address_validated = proved;
  config.new_token = tokens_.make_new(steady_now(), host_bytes(from));
  config.seed += random_seed();
  auto peer = std::make_unique<Peer>(*this, connection_id, from, config);
  return *peers_.emplace(connection_id, std::move(peer)).first->second;
}

void UdpServer::reap(std::uint64_t connection_id) {
  peers_.erase(connection_id);
  half_open_.erase(connection_id);
  ended_.add(connection_id);
  if (++served_ == options_.connections_to_serve) close_all();
}

void UdpServer::sweep() {
  const Time now = steady_now();
  for (const auto& [id, since] : half_open_) {
    if (now - since >= options_.connection.handshake_timeout) peers_.at(id)->connection().drop();
  }
  if (half_open_.empty()) return;
  sweep_.expires_after(options_.connection.handshake_timeout / 4);
  sweep_.async_wait([this](const SocketError& error) {
    if (!error) sweep();
  });
}

void UdpServer::close_all() {
  if (stopping_) return;
  stopping_ = true;
  for (const auto& [id, peer] : peers_) {
    UdpConnection& connection = peer->connection();
    if (connection.connection().is_closed()) {
      connection.drop();
      continue;
    }
    connection.post(
        [](Connection& c, Time now) { c.close(now, ErrorCode::kNone, "the server is stopping"); });
  }
  grace_.expires_after(options_.stop_grace);
  grace_.async_wait([this](const SocketError&) {
    for (const auto& [id, peer] : peers_) peer->connection().drop();
  });
}

}  // namespace kvferry
