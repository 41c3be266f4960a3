// SPDX-License-Identifier: MIT
#include "transport/udp_server.h"

#include <algorithm>

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

// Its number is the connection's identifier.
class UdpServer::Peer final : public DatagramPeer {
 public:
  Peer(UdpServer& server, std::uint64_t id, const udp::endpoint& from, const ConnectionConfig& config)
      : DatagramPeer(id, from, server.socket(), server.make_handler(), server.on_failure()),
        connection_(server.io(), config, *this, host_port(from).text(), *this, server.reaping(id),
                    server.options_.udp) {}
  [[nodiscard]] DatagramConnection& connection() override { return connection_; }

 private:
  UdpConnection connection_;
};

Result<std::unique_ptr<UdpServer>> UdpServer::listen(const UdpServerOptions& options,
                                                     MakeHandler make_handler, OnFailure on_failure) {
  std::unique_ptr<UdpServer> server(new UdpServer(options, std::move(make_handler), std::move(on_failure)));
  if (auto bound = server->bind(); !bound) return bound.error();
  return server;
}

UdpServer::UdpServer(const UdpServerOptions& options, MakeHandler make_handler, OnFailure on_failure)
    : DatagramServer(options, std::move(make_handler), std::move(on_failure)),
      options_(options),
      tokens_(random_key()),
      sweep_(io()) {
  options_.connection.role = Role::kServer;
  options_.connection.binding = Binding::kDatagram;
}

UdpServer::~UdpServer() = default;

DatagramPeer* UdpServer::find(ByteView datagram, const udp::endpoint& from) {
  const auto id = datagram_connection_id(datagram);
  if (!id) {
    if (const auto reply = answer_unknown_kind(datagram)) answer(from, *reply);
    return nullptr;
  }
  const auto found = peers().find(*id);
  return found == peers().end() ? judge_stranger(datagram, from) : found->second.get();
}

// It has acknowledged something, so it receives what is sent to it.
void UdpServer::on_settled(DatagramPeer& peer) {
  if (!half_open_.empty() && peer.connection().connection().path().rtt) half_open_.erase(peer.number());
}

DatagramPeer* UdpServer::judge_stranger(ByteView datagram, const udp::endpoint& from) {
  const auto first = open_first_packet(datagram);
  if (!first || ended_.contains(first->connection_id)) return nullptr;
  const bool proved = is_proved(*first, from);
  if (!proved && half_open_.size() >= options_.max_half_open) {
    answer(from, make_retry(first->connection_id, from));
    return nullptr;
  }
  if (is_full()) return nullptr;
  DatagramPeer& peer = open_connection(first->connection_id, from, proved);
  if (!proved) {
    half_open_[first->connection_id] = steady_now();
    if (half_open_.size() == 1) sweep();
  }
  return &peer;
}

bool UdpServer::is_proved(const FirstPacket& first, const udp::endpoint& from) const {
  const Time now = steady_now();
  return tokens_.accepts(now, address_bytes(from), first.connection_id, first.token) ||
         tokens_.accepts(now, host_bytes(from), first.connection_id, first.token);
}

Bytes UdpServer::make_retry(std::uint64_t connection_id, const udp::endpoint& to) const {
  return seal_retry({connection_id, tokens_.make_retry(steady_now(), address_bytes(to), connection_id)});
}

DatagramPeer& UdpServer::open_connection(std::uint64_t connection_id, const udp::endpoint& from,
                                         bool proved) {
  ConnectionConfig config = options_.connection;
  config.address_validated = proved;
  config.new_token = tokens_.make_new(steady_now(), host_bytes(from));
  config.seed += random_seed();
  return add(std::make_unique<Peer>(*this, connection_id, from, config));
}

bool UdpServer::forget(DatagramPeer& peer) {
  half_open_.erase(peer.number());
  ended_.add(peer.number());
  return true;
}

void UdpServer::sweep() {
  const Time now = steady_now();
  const Duration timeout = options_.connection.handshake_timeout;
  Time next = now + timeout;
  for (const auto& [id, since] : half_open_) {
    if (now - since >= timeout) {
      peers().at(id)->connection().drop();
    } else {
      next = std::min(next, since + timeout);
    }
  }
  if (half_open_.empty()) return;
  sweep_.expires_at(to_steady(next));
  sweep_.async_wait([this](const SocketError& error) {
    if (!error) sweep();
  });
}

}  // namespace kvferry
