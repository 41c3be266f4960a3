// SPDX-License-Identifier: MIT
//
// A UDP socket on an io_context: datagrams in by callback, datagrams out at once
// or, while the kernel has no room, through a small queue that drops what does
// not fit, as any queue on the way would.
//
// Datagrams are never fragmented, and what ICMP says about the path's MTU is not
// believed: too large ones are lost, which the sender finds out like other loss.
#pragma once

#include <array>
#include <deque>
#include <functional>

#include "protocol/base/bytes.h"
#include "transport/alive.h"
#include "transport/asio.h"
#include "transport/capture/capture.h"

namespace kvferry {

class UdpSocket {
 public:
  static constexpr std::size_t kMaxQueued = 256;

  using OnDatagram = std::function<void(ByteView datagram, const udp::endpoint& from)>;
  // Of a connected socket: the peer's machine, or the way to it, says no.
  using OnError = std::function<void(const SocketError&)>;

  explicit UdpSocket(asio::io_context& io) : socket_(io) {}
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;

  // A server's: receives from everyone.
  [[nodiscard]] SocketError bind(const udp::endpoint& local);
  // A client's: receives from this peer only, and hears of errors.
  [[nodiscard]] SocketError connect(const udp::endpoint& peer);

  // Begins to receive. Callbacks come from the io_context, and may close() but not destroy the socket.
  void receive(OnDatagram on_datagram, OnError on_error = {});
  void send(const udp::endpoint& to, Bytes datagram);
  void close();
  // All that is sent and received from now on, too; may be empty.
  void capture_into(std::shared_ptr<Capture> capture) { capture_ = std::move(capture); }

  [[nodiscard]] udp::endpoint local() const;

 private:
  struct Queued {
    udp::endpoint to;
    Bytes datagram;
  };
  enum class Sent : std::uint8_t { kGone, kNoRoom };

  [[nodiscard]] SocketError open(const udp& protocol);
  void wait_to_receive();
  void receive_some();
  [[nodiscard]] Sent try_send(const udp::endpoint& to, ByteView datagram);
  void wait_to_send();
  void report(const SocketError& error);

  udp::socket socket_;
  OnDatagram on_datagram_;
  OnError on_error_;
  std::shared_ptr<Capture> capture_;
  std::array<std::uint8_t, 65536> input_;
  std::deque<Queued> queue_;
  Alive alive_;
};

}  // namespace kvferry
