// SPDX-License-Identifier: MIT
//
// Serves connections over UDP, found by their connection identifiers.
//
//   datagram ─known id──► its connection
//            ─ended id──► dropped
//            ─greeting──► room for a stranger, or a good token ─► a new connection
//            │            otherwise ─► RETRY with a token; nothing is kept
//            ─other─────► dropped; VERSIONS for a large one of a later version
#pragma once

#include "protocol/datagram/address_token.h"
#include "protocol/datagram/first_packet.h"
#include "transport/datagram_server.h"
#include "transport/recent_ids.h"
#include "transport/udp_connection.h"

namespace kvferry {

// Half open: the peer has neither brought a token nor acknowledged anything yet.
struct UdpServerOptions : DatagramServerOptions {
  ConnectionConfig connection;  // role and binding are set; the seed is varied
  UdpOptions udp;
};

class UdpServer final : public DatagramServer {
 public:
  // Binds. The error names the address.
  [[nodiscard]] static Result<std::unique_ptr<UdpServer>> listen(const UdpServerOptions& options,
                                                                 MakeHandler make_handler,
                                                                 OnFailure on_failure = {});
  ~UdpServer() override;

 private:
  class Peer;

  UdpServer(const UdpServerOptions& options, MakeHandler make_handler, OnFailure on_failure);
  DatagramPeer* find(ByteView datagram, const udp::endpoint& from) override;
  void on_settled(DatagramPeer& peer) override;
  bool forget(DatagramPeer& peer) override;
  [[nodiscard]] DatagramPeer* judge_stranger(ByteView datagram, const udp::endpoint& from);
  [[nodiscard]] bool is_proved(const FirstPacket& first, const udp::endpoint& from) const;
  [[nodiscard]] Bytes make_retry(std::uint64_t connection_id, const udp::endpoint& to) const;
  DatagramPeer& open_connection(std::uint64_t connection_id, const udp::endpoint& from, bool proved);
  void sweep();  // half-open connections that are too old

  UdpServerOptions options_;
  AddressTokens tokens_;
  asio::steady_timer sweep_;
  std::map<std::uint64_t, Time> half_open_;  // since when
  RecentIds ended_;
};

}  // namespace kvferry
