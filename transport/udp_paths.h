// SPDX-License-Identifier: MIT
//
// The addresses that one connection's peer has sent from, each under the number
// that the connection knows it by. The first is 0; numbers are not used twice.
// Only the latest few are remembered, so that a flood of addresses costs nothing.
#pragma once

#include <optional>
#include <vector>

#include "protocol/connection/connection.h"
#include "transport/asio.h"

namespace kvferry {

class UdpPaths {
 public:
  static constexpr std::size_t kMaxPaths = 4;

  explicit UdpPaths(const udp::endpoint& first) : paths_{{0, first}} {}

  // The path of an address that was just received from; a new one replaces the one that was used longest ago.
  PathId received_from(const udp::endpoint& endpoint);
  // Where to send to; nothing when the path is forgotten.
  std::optional<udp::endpoint> send_to(PathId path);

 private:
  struct Path {
    PathId id;
    udp::endpoint endpoint;
  };
  void move_to_front(std::vector<Path>::iterator used);

  std::vector<Path> paths_;  // the latest used first
  PathId next_id_ = 1;
};

}  // namespace kvferry
