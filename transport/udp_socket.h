// SPDX-License-Identifier: MIT
//
// A UDP socket on an io_context: datagrams in by callback, in trains as they
// came; datagrams out in trains too, at flush() or, while the kernel has no
// room, through a small queue that drops what does not fit, as any queue on the
// way would.
//
// Datagrams are never fragmented, and what ICMP says about the path's MTU is not
// believed: too large ones are lost, which the sender finds out like other loss.
#pragma once

#include <array>
#include <deque>
#include <functional>

#include "transport/alive.h"
#include "transport/capture/capture.h"
#include "transport/udp_train.h"

namespace kvferry {

class UdpSocket {
 public:
  static constexpr std::size_t kMaxQueuedTrains = 16;

  using OnTrain = std::function<void(const UdpTrain& train, const udp::endpoint& from)>;
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
  void receive(OnTrain on_train, OnError on_error = {});
  // Leaves at flush() at the latest.
  void send(const udp::endpoint& to, ByteView datagram);
  void flush();
  void close();
  // All that is sent and received from now on, too; may be empty.
  void capture_into(std::shared_ptr<Capture> capture) { capture_ = std::move(capture); }

  [[nodiscard]] udp::endpoint local() const;

 private:
  // A train on its way out.
  struct Departure {
    udp::endpoint to;
    Bytes bytes;
    std::size_t datagram_bytes = 0;
    [[nodiscard]] bool has_room_for(const udp::endpoint& where, std::size_t size_bytes) const;
    [[nodiscard]] UdpTrain train() const { return {bytes, datagram_bytes}; }
  };
  enum class Sent : std::uint8_t { kGone, kNoRoom };

  [[nodiscard]] SocketError open(const udp& protocol);
  void wait_to_receive();
  void receive_some();
  void begin_departure(const udp::endpoint& to, std::size_t datagram_bytes);
  [[nodiscard]] Sent depart(Departure& departure);
  [[nodiscard]] Sent depart_one_by_one(Departure& departure);
  [[nodiscard]] Sent settle(const SocketError& error, const udp::endpoint& to, const UdpTrain& train);
  void wait_to_send();
  void report(const SocketError& error);

  udp::socket socket_;
  OnTrain on_train_;
  OnError on_error_;
  std::shared_ptr<Capture> capture_;
  std::array<std::uint8_t, 65536> input_;
  std::deque<Departure> departures_;
  Bytes spare_;  // of the last departure, for the next one
  bool waits_to_send_ = false;
  Alive alive_;
};

}  // namespace kvferry
