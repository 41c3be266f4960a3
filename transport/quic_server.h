// SPDX-License-Identifier: MIT
//
// Serves QUIC sessions, found by their connection ids.
//
//   datagram ─known id──► its session
//            ─other─────► QuicGate: a new session, an answer that keeps nothing, or nothing
#pragma once

#include "transport/datagram_server.h"
#include "transport/quic/gate.h"
#include "transport/quic_connection.h"

namespace kvferry {

// Half open: not yet authenticated.
struct QuicServerOptions : DatagramServerOptions {
  QuicConfig quic;  // the role is set, the seed is varied; a secret of zeros: a random one
};

class QuicServer final : public DatagramServer {
 public:
  // Binds. The error names the address.
  [[nodiscard]] static Result<std::unique_ptr<QuicServer>> listen(const QuicServerOptions& options,
                                                                  MakeHandler make_handler,
                                                                  OnFailure on_failure = {});
  ~QuicServer() override;

 private:
  class Peer;

  QuicServer(const QuicServerOptions& options, MakeHandler make_handler, OnFailure on_failure);
  DatagramPeer* find(ByteView datagram, const udp::endpoint& from) override;
  void on_settled(DatagramPeer& peer) override;
  bool forget(DatagramPeer& peer) override;
  [[nodiscard]] DatagramPeer* judge_stranger(ByteView datagram, const udp::endpoint& from);
  [[nodiscard]] DatagramPeer* open_connection(const QuicOpening& opening, const udp::endpoint& from);
  void note_ids(Peer& peer);
  [[nodiscard]] std::size_t half_open() const;

  QuicServerOptions options_;
  QuicGate gate_;
  std::map<QuicId, Peer*> routes_;
  std::uint64_t next_peer_ = 0;
};

}  // namespace kvferry
