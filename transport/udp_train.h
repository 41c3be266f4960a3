// SPDX-License-Identifier: MIT
//
// Datagrams that the kernel takes or gives in one call: of one size, to or from
// one address; the last may be smaller. Linux cuts what is sent (UDP_SEGMENT)
// and joins what is received (UDP_GRO); where it does not, trains are of one.
#pragma once

#include <span>

#include "protocol/base/bytes.h"
#include "transport/asio.h"

namespace kvferry {

struct UdpTrain {
  static constexpr std::size_t kMaxDatagrams = 64;  // UDP_MAX_SEGMENTS
  static constexpr std::size_t kMaxBytes = 65'000;  // with headers it is one IP packet

  ByteView bytes;
  std::size_t datagram_bytes = 0;

  [[nodiscard]] bool is_one() const { return bytes.size() <= datagram_bytes; }
  // Calls f(datagram) for each; one that is empty is one.
  template <typename Function>
  void each(Function&& f) const {
    ByteView rest = bytes;
    do {
      const ByteView datagram = rest.first(std::min(rest.size(), datagram_bytes));
      f(datagram);
      rest = rest.subspan(datagram.size());
    } while (!rest.empty());
  }
};

// May fail; then trains are of one.
void allow_trains(udp::socket& socket);

// The next one, into `buffer`. Error: would_block when nothing is there, others concern the peer or one
// datagram.
[[nodiscard]] UdpTrain receive_train(udp::socket& socket, std::span<std::uint8_t> buffer, udp::endpoint& from,
                                     SocketError& error);

// Whole or not at all. Error: would_block when the kernel has no room.
[[nodiscard]] SocketError send_train(udp::socket& socket, const udp::endpoint& to, const UdpTrain& train);

}  // namespace kvferry
