// SPDX-License-Identifier: MIT
//
// Serves many connections from one UDP socket, on one thread, found by their
// connection identifiers.
//
//   datagram ─known id──► its connection
//            ─ended id──► dropped
//            ─greeting──► room for a stranger, or a good token ─► a new connection
//            │            otherwise ─► RETRY with a token; nothing is kept
//            ─other─────► dropped; VERSIONS for a large one of a later version
#pragma once

#include <map>
#include <memory>

#include "protocol/datagram/address_token.h"
#include "protocol/datagram/first_packet.h"
#include "transport/recent_ids.h"
#include "transport/server.h"
#include "transport/udp_connection.h"
#include "transport/udp_socket.h"

namespace kvferry {

struct UdpServerOptions {
  HostPort listen{"127.0.0.1", 0};  // port 0: any free one
  // Strangers beyond this many get no answer.
  std::size_t max_connections = 1024;
  std::shared_ptr<Capture> capture;  // of all datagrams; may be empty
  // Stops by itself after this many connections have ended; 0: never.
  std::size_t connections_to_serve = 0;
  // Connections whose peer has neither brought a token nor acknowledged anything yet, and may not be where it
  // says. With this many of them, a stranger must come back with a token; 0: always. They are dropped after
  // the handshake timeout.
  std::size_t max_half_open = 64;
  ConnectionConfig connection;  // role and binding are set; the seed is varied
  UdpOptions udp;
  Duration stop_grace = std::chrono::seconds(2);  // how long open connections may take to say goodbye
};

class UdpServer final : public Server {
 public:
  // Binds. The error names the address.
  [[nodiscard]] static Result<std::unique_ptr<UdpServer>> listen(const UdpServerOptions& options,
                                                                 MakeHandler make_handler,
                                                                 OnFailure on_failure = {});
  ~UdpServer() override;

  [[nodiscard]] HostPort local() const override;
  void run() override;
  void stop() override;
  [[nodiscard]] asio::io_context& io() override { return io_; }

 private:
  class Peer;

  UdpServer(const UdpServerOptions& options, MakeHandler make_handler, OnFailure on_failure);
  void on_datagram(ByteView datagram, const udp::endpoint& from);
  void on_stranger(ByteView datagram, const udp::endpoint& from);
  [[nodiscard]] bool is_proved(const FirstPacket& first, const udp::endpoint& from) const;
  void send_retry(std::uint64_t connection_id, const udp::endpoint& to);
  Peer& open_connection(std::uint64_t connection_id, const udp::endpoint& from, bool proved);
  void reap(std::uint64_t connection_id);
  void sweep();  // half-open connections that are too old
  void close_all();

  asio::io_context io_;
  UdpServerOptions options_;
  MakeHandler make_handler_;
  OnFailure on_failure_;
  AddressTokens tokens_;
  UdpSocket socket_;
  asio::steady_timer sweep_;
  asio::steady_timer grace_;  // from stop() until connections are dropped
  std::map<std::uint64_t, std::unique_ptr<Peer>> peers_;
  std::map<std::uint64_t, Time> half_open_;  // since when
  RecentIds ended_;
  std::size_t served_ = 0;
  bool stopping_ = false;
};

}  // namespace kvferry
