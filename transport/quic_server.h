// SPDX-License-Identifier: MIT
//
// Serves many QUIC sessions from one UDP socket, on one thread, found by their
// connection ids.
//
//   datagram ─known id──► its session
//            ─other─────► QuicGate: a new session, an answer that keeps nothing, or nothing
#pragma once

#include <map>
#include <memory>

#include "transport/quic/gate.h"
#include "transport/quic_connection.h"
#include "transport/server.h"
#include "transport/udp_socket.h"

namespace kvferry {

struct QuicServerOptions {
  HostPort listen{"127.0.0.1", 0};  // port 0: any free one
  // Strangers beyond this many get no answer.
  std::size_t max_connections = 1024;
  std::shared_ptr<Capture> capture;  // of all datagrams; may be empty
  // Stops by itself after this many connections have ended; 0: never.
  std::size_t connections_to_serve = 0;
  // With so many connections that are not yet authenticated, a stranger must come back with a token.
  std::size_t max_half_open = 64;
  QuicConfig quic;  // the role is set, the seed is varied; a secret of zeros: a random one
  Duration stop_grace = std::chrono::seconds(2);  // how long open connections may take to say goodbye
};

class QuicServer final : public Server {
 public:
  // Binds. The error names the address.
  [[nodiscard]] static Result<std::unique_ptr<QuicServer>> listen(const QuicServerOptions& options,
                                                                  MakeHandler make_handler,
                                                                  OnFailure on_failure = {});
  ~QuicServer() override;

  [[nodiscard]] HostPort local() const override;
  void run() override;
  void stop() override;
  [[nodiscard]] asio::io_context& io() override { return io_; }

 private:
  class Peer;
  using PeerNumber = std::uint64_t;

  QuicServer(const QuicServerOptions& options, MakeHandler make_handler, OnFailure on_failure);
  void on_datagram(ByteView datagram, const udp::endpoint& from);
  void on_stranger(ByteView datagram, const udp::endpoint& from);
  void open_connection(const QuicOpening& opening, ByteView datagram, const udp::endpoint& from);
  void note_ids(PeerNumber number);
  [[nodiscard]] std::size_t half_open() const;
  void reap(PeerNumber number);
  void close_all();

  asio::io_context io_;
  QuicServerOptions options_;
  MakeHandler make_handler_;
  OnFailure on_failure_;
  QuicGate gate_;
  UdpSocket socket_;
  asio::steady_timer grace_;  // from stop() until connections are dropped
  std::map<PeerNumber, std::unique_ptr<Peer>> peers_;
  std::map<QuicId, PeerNumber> routes_;
  PeerNumber next_peer_ = 0;
  std::size_t served_ = 0;
  bool stopping_ = false;
};

}  // namespace kvferry
