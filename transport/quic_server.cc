// SPDX-License-Identifier: MIT
#include "transport/quic_server.h"

#include <algorithm>
#include <exception>

#include "transport/random_seed.h"
#include "transport/udp_paths.h"

namespace kvferry {
namespace {

QuicServerOptions with_secret(QuicServerOptions options) {
  options.quic.connection.role = Role::kServer;
  if (options.quic.secret == QuicSecret{}) RandomSource(std::nullopt).fill(options.quic.secret);
  return options;
}

}  // namespace

// A connection and its application. What the application throws ends this connection only.
class QuicServer::Peer final : public ConnectionHandler {
 public:
  Peer(QuicServer& server, PeerNumber number, const udp::endpoint& from, QuicSession session)
      : server_(server),
        number_(number),
        paths_(from),
        handler_(server.make_handler_()),
        connection_(
            server.io_, std::move(session), Role::kServer, *this, host_port(from).text(),
            [this](PathId path, Bytes datagram) { send(path, std::move(datagram)); },
            [&server, number] { asio::post(server.io_, [&server, number] { server.reap(number); }); }) {}

  void handle_datagram(ByteView datagram, const udp::endpoint& from) {
    connection_.handle_datagram(datagram, paths_.received_from(from));
  }
  [[nodiscard]] QuicConnection& connection() { return connection_; }

  // Ids that are no longer this session's are forgotten; the rest with it.
  std::vector<QuicId> ids;

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
  // Ids are known before the datagram that tells the peer of them.
  void send(PathId path, Bytes datagram) {
    server_.note_ids(number_);
    if (const auto to = paths_.send_to(path)) server_.socket_.send(*to, std::move(datagram));
  }

  QuicServer& server_;
  PeerNumber number_;
  UdpPaths paths_;
  std::unique_ptr<ConnectionHandler> handler_;
  QuicConnection connection_;
  bool failed_ = false;
};

Result<std::unique_ptr<QuicServer>> QuicServer::listen(const QuicServerOptions& options,
                                                       MakeHandler make_handler, OnFailure on_failure) {
  if (!options.quic.credentials) return Error{options.listen.text() + ": QUIC without credentials"};
  auto endpoints = resolve(options.listen, std::chrono::seconds(5));
  if (!endpoints) return endpoints.error();
  if (endpoints->empty()) return Error{options.listen.text() + ": no address"};
  std::unique_ptr<QuicServer> server(
      new QuicServer(with_secret(options), std::move(make_handler), std::move(on_failure)));
  const auto& endpoint = endpoints->front();
  if (const SocketError error = server->socket_.bind({endpoint.address(), endpoint.port()}))
    return Error{"cannot listen on " + options.listen.text() + ": " + error.message()};
  return server;
}

QuicServer::QuicServer(const QuicServerOptions& options, MakeHandler make_handler, OnFailure on_failure)
    : options_(options),
      make_handler_(std::move(make_handler)),
      on_failure_(std::move(on_failure)),
      gate_(options.quic.secret, options.quic.fixed_seed),
      socket_(io_),
      grace_(io_) {
  socket_.capture_into(options_.capture);
}

QuicServer::~QuicServer() = default;

HostPort QuicServer::local() const { return host_port(socket_.local()); }

void QuicServer::run() {
  socket_.receive([this](ByteView datagram, const udp::endpoint& from) { on_datagram(datagram, from); });
  while (!stopping_ || !peers_.empty()) {
    if (io_.run_one() == 0) io_.restart();
  }
  socket_.close();
}

void QuicServer::stop() {
  asio::post(io_, [this] { close_all(); });
}

void QuicServer::on_datagram(ByteView datagram, const udp::endpoint& from) {
  const auto id = quic_destination(datagram);
  if (!id) return;
  const auto route = routes_.find(*id);
  if (route == routes_.end()) return on_stranger(datagram, from);
  const PeerNumber number = route->second;
  peers_.at(number)->handle_datagram(datagram, from);
  note_ids(number);
}

void QuicServer::on_stranger(ByteView datagram, const udp::endpoint& from) {
  const bool under_load = half_open() >= options_.max_half_open;
  auto decision = gate_.judge(steady_now(), datagram, host_bytes(from), under_load);
  if (decision.verdict == QuicGate::Verdict::kAnswer) socket_.send(from, std::move(decision.answer));
  if (decision.verdict == QuicGate::Verdict::kOpen && !stopping_ && peers_.size() < options_.max_connections)
    open_connection(decision.opening, datagram, from);
}

void QuicServer::open_connection(const QuicOpening& opening, ByteView datagram, const udp::endpoint& from) {
  QuicConfig config = options_.quic;
  config.connection.seed += random_seed();
  auto session = QuicSession::server(config, opening, steady_now());
  if (!session) return;
  const PeerNumber number = next_peer_++;
  peers_.emplace(number, std::make_unique<Peer>(*this, number, from, std::move(*session)));
  note_ids(number);
  peers_.at(number)->handle_datagram(datagram, from);
  note_ids(number);
}

void QuicServer::note_ids(PeerNumber number) {
  const auto found = peers_.find(number);
  if (found == peers_.end()) return;
  auto changed = found->second->connection().take_ids();
  std::vector<QuicId>& ids = found->second->ids;
  for (const QuicId& id : changed.added) {
    if (routes_.emplace(id, number).second) ids.push_back(id);
  }
  for (const QuicId& id : changed.retired) {
    if (std::erase(ids, id) > 0) routes_.erase(id);
  }
}

std::size_t QuicServer::half_open() const {
  return static_cast<std::size_t>(std::count_if(peers_.begin(), peers_.end(), [](const auto& entry) {
    return !entry.second->connection().session().is_authenticated();
  }));
}

void QuicServer::reap(PeerNumber number) {
  const auto found = peers_.find(number);
  if (found == peers_.end()) return;
  for (const QuicId& id : found->second->ids) routes_.erase(id);
  const bool served = found->second->connection().session().is_authenticated();
  peers_.erase(found);
  if (served && ++served_ == options_.connections_to_serve) close_all();
}

void QuicServer::close_all() {
  if (stopping_) return;
  stopping_ = true;
  for (const auto& [number, peer] : peers_) {
    QuicConnection& connection = peer->connection();
    if (connection.connection().is_closed() || !connection.session().is_authenticated()) {
      connection.drop();
      continue;
    }
    connection.post(
        [](Connection& c, Time now) { c.close(now, ErrorCode::kNone, "the server is stopping"); });
  }
  grace_.expires_after(options_.stop_grace);
  grace_.async_wait([this](const SocketError&) {
    for (const auto& [number, peer] : peers_) peer->connection().drop();
  });
}

}  // namespace kvferry
