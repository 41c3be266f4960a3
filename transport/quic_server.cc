// SPDX-License-Identifier: MIT
#include "transport/quic_server.h"

#include <algorithm>

#include "transport/random_seed.h"

namespace kvferry {
namespace {

QuicServerOptions with_secret(QuicServerOptions options) {
  options.quic.connection.role = Role::kServer;
  options.quic.connection = with_checks_by_driver(options.quic.connection);
  if (options.quic.secret == QuicSecret{}) RandomSource(std::nullopt).fill(options.quic.secret);
  return options;
}

}  // namespace

class QuicServer::Peer final : public DatagramPeer {
 public:
  Peer(QuicServer& server, std::uint64_t number, const udp::endpoint& from, QuicSession session)
      : DatagramPeer(number, from, server.socket(), server.make_handler(), server.on_failure()),
        server_(server),
        connection_(server.io(), std::move(session), Role::kServer, *this, host_port(from).text(), *this,
                    server.reaping(number)) {}

  [[nodiscard]] QuicConnection& connection() override { return connection_; }

  // Ids that are no longer this session's are forgotten; the rest with it.
  std::vector<QuicId> ids;

 private:
  // Ids are known before the datagram that tells the peer of them.
  void send(PathId path, ByteView datagram) override {
    server_.note_ids(*this);
    DatagramPeer::send(path, datagram);
  }

  QuicServer& server_;
  QuicConnection connection_;
};

Result<std::unique_ptr<QuicServer>> QuicServer::listen(const QuicServerOptions& options,
                                                       MakeHandler make_handler, OnFailure on_failure) {
  if (!options.quic.credentials) return Error{options.listen.text() + ": QUIC without credentials"};
  std::unique_ptr<QuicServer> server(
      new QuicServer(with_secret(options), std::move(make_handler), std::move(on_failure)));
  if (auto bound = server->bind(); !bound) return bound.error();
  return server;
}

QuicServer::QuicServer(const QuicServerOptions& options, MakeHandler make_handler, OnFailure on_failure)
    : DatagramServer(options, std::move(make_handler), std::move(on_failure)),
      options_(options),
      gate_(options.quic.secret, options.quic.fixed_seed) {}

QuicServer::~QuicServer() = default;

DatagramPeer* QuicServer::find(ByteView datagram, const udp::endpoint& from) {
  const auto id = quic_destination(datagram);
  if (!id) return nullptr;
  const auto route = routes_.find(*id);
  return route == routes_.end() ? judge_stranger(datagram, from) : route->second;
}

void QuicServer::on_settled(DatagramPeer& peer) { note_ids(static_cast<Peer&>(peer)); }

DatagramPeer* QuicServer::judge_stranger(ByteView datagram, const udp::endpoint& from) {
  const bool under_load = half_open() >= options_.max_half_open;
  const auto decision = gate_.judge(steady_now(), datagram, host_bytes(from), under_load);
  if (decision.verdict == QuicGate::Verdict::kAnswer) answer(from, decision.answer);
  if (decision.verdict != QuicGate::Verdict::kOpen || is_full()) return nullptr;
  return open_connection(decision.opening, from);
}

DatagramPeer* QuicServer::open_connection(const QuicOpening& opening, const udp::endpoint& from) {
  QuicConfig config = options_.quic;
  config.connection.seed += random_seed();
  auto session = QuicSession::server(config, opening, steady_now());
  if (!session) return nullptr;
  auto peer = std::make_unique<Peer>(*this, next_peer_++, from, std::move(*session));
  note_ids(*peer);
  return &add(std::move(peer));
}

void QuicServer::note_ids(Peer& peer) {
  const auto changed = peer.connection().take_ids();
  for (const QuicId& id : changed.added) {
    if (routes_.emplace(id, &peer).second) peer.ids.push_back(id);
  }
  for (const QuicId& id : changed.retired) {
    if (std::erase(peer.ids, id) > 0) routes_.erase(id);
  }
}

std::size_t QuicServer::half_open() const {
  return static_cast<std::size_t>(std::count_if(peers().begin(), peers().end(), [](const auto& entry) {
    return !static_cast<Peer&>(*entry.second).connection().session().is_authenticated();
  }));
}

bool QuicServer::forget(DatagramPeer& peer) {
  auto& session_peer = static_cast<Peer&>(peer);
  for (const QuicId& id : session_peer.ids) routes_.erase(id);
  return session_peer.connection().session().is_authenticated();
}

}  // namespace kvferry
