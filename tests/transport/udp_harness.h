// SPDX-License-Identifier: MIT
//
// Peers over UDP that say anything, and a relay that listens in.
#pragma once

#include <sys/socket.h>

#include <mutex>
#include <vector>

#include "protocol/datagram/packet.h"
#include "protocol/datagram/retry_packet.h"
#include "tests/transport/harness.h"

namespace kvferry::test {

[[nodiscard]] inline udp::endpoint udp_endpoint(const HostPort& where) {
  return {asio::ip::make_address(where.host), where.port};
}

// The first datagram of a client that will never send another one.
[[nodiscard]] inline Bytes greeting(std::uint64_t seed) {
  ConnectionConfig config;
  config.binding = Binding::kDatagram;
  config.seed = seed;
  const Time now = steady_now();
  return Connection(config, now).poll_transmit(now)->head;
}

// The same with a TOKEN frame.
[[nodiscard]] inline Bytes with_token(const Bytes& datagram, const Bytes& token) {
  const auto packet = open_packet(datagram);
  Bytes frames;
  put_packet_frame_head(frames, FrameType::kToken, token.size());
  append(frames, token);
  append(frames, packet->frames);
  return seal_packet(packet->header, frames);
}

// A socket of its own, and so a port of its own.
class RawUdp {
 public:
  explicit RawUdp(const HostPort& peer) : socket_(io_, udp::endpoint(udp::v4(), 0)) {
    socket_.connect(udp_endpoint(peer));
  }
  void send(const Bytes& datagram) {
    SocketError ignored;
    socket_.send(asio::buffer(datagram), 0, ignored);
  }
  [[nodiscard]] std::uint16_t port() const { return socket_.local_endpoint().port(); }
  // The next datagram; nothing when none comes in time.
  std::optional<Bytes> receive(Duration timeout) {
    const auto us = std::max<std::int64_t>(to_us(timeout), 1);
    const timeval wait{us / 1'000'000, us % 1'000'000};
    setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    Bytes datagram(65536);
    const ssize_t size = recv(socket_.native_handle(), datagram.data(), datagram.size(), 0);
    if (size < 0) return std::nullopt;
    datagram.resize(static_cast<std::size_t>(size));
    return datagram;
  }

 private:
  asio::io_context io_;
  udp::socket socket_;
};

// Stands between one client and a server, and keeps what the client says. Towards the server it may move to
// another port now and then, as address translators do, and it may lose some of
// what the server says.
class UdpRelay {
 public:
  // move_after: datagrams of the client; 0: never. lose_one_in: so many of the server's, but for the first
  // ones; 0: none.
  explicit UdpRelay(const HostPort& server, std::size_t move_after = 0, std::size_t lose_one_in = 0)
      : server_(udp_endpoint(server)), move_after_(move_after), lose_one_in_(lose_one_in), front_(io_) {
    const SocketError error = front_.bind({asio::ip::address_v4::loopback(), 0});
    EXPECT_FALSE(error) << error.message();
    move();
    front_.receive([this](const UdpTrain& train, const udp::endpoint& from) {
      train.each([&](ByteView datagram) { to_server(datagram, from); });
    });
    thread_ = std::thread([this] { io_.run(); });
  }
  ~UdpRelay() {
    io_.stop();
    thread_.join();
  }
  UdpRelay(const UdpRelay&) = delete;
  UdpRelay& operator=(const UdpRelay&) = delete;

  [[nodiscard]] HostPort where() const { return host_port(front_.local()); }
  [[nodiscard]] std::vector<Bytes> recorded() {
    const std::lock_guard lock(mutex_);
    return recorded_;
  }

 private:
  void move() {
    backs_.push_back(std::make_unique<UdpSocket>(io_));
    const SocketError error = backs_.back()->connect(server_);
    EXPECT_FALSE(error) << error.message();
    backs_.back()->receive([this](const UdpTrain& train, const udp::endpoint&) {
      train.each([&](ByteView datagram) { to_client(datagram); });
      front_.flush();
    });
  }
  void to_client(ByteView datagram) {
    ++heard_;
    const bool is_lost = lose_one_in_ != 0 && heard_ > kNeverLost && heard_ % lose_one_in_ == 0;
    if (!is_lost) front_.send(client_, datagram);
  }
  void to_server(ByteView datagram, const udp::endpoint& from) {
    client_ = from;
    const std::lock_guard lock(mutex_);
    recorded_.emplace_back(datagram.begin(), datagram.end());
    if (move_after_ != 0 && recorded_.size() % move_after_ == 0) move();
    backs_.back()->send(server_, recorded_.back());
    backs_.back()->flush();
  }

  static constexpr std::size_t kNeverLost = 10;

  asio::io_context io_;
  udp::endpoint server_;
  udp::endpoint client_;
  std::size_t move_after_;
  std::size_t lose_one_in_;
  std::size_t heard_ = 0;  // from the server
  UdpSocket front_;
  std::vector<std::unique_ptr<UdpSocket>> backs_;  // the last one sends
  std::mutex mutex_;
  std::vector<Bytes> recorded_;
  std::thread thread_;
};

}  // namespace kvferry::test
