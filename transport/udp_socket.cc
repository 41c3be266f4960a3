// SPDX-License-Identifier: MIT
#include "transport/udp_socket.h"

#include <netinet/in.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

namespace kvferry {
namespace {

using MtuDiscover4 = asio::detail::socket_option::integer<IPPROTO_IP, IP_MTU_DISCOVER>;
using MtuDiscover6 = asio::detail::socket_option::integer<IPPROTO_IPV6, IPV6_MTU_DISCOVER>;

constexpr int kBufferBytes = 4 << 20;  // as much of it as the system allows
constexpr int kBatch = 64;             // datagrams received before other work has its turn

// Options that fail make a connection slower, not wrong.
void set_options(udp::socket& socket, bool v6) {
  SocketError ignored;
  socket.set_option(udp::socket::receive_buffer_size(kBufferBytes), ignored);
  socket.set_option(udp::socket::send_buffer_size(kBufferBytes), ignored);
  if (v6) {
    socket.set_option(MtuDiscover6(IPV6_PMTUDISC_PROBE), ignored);
  } else {
    socket.set_option(MtuDiscover4(IP_PMTUDISC_PROBE), ignored);
  }
}

bool has_no_room(const SocketError& error) {
  return error == asio::error::would_block || error == asio::error::try_again;
}

// Says that the peer cannot be reached, now or at all; other errors concern one datagram.
bool is_of_the_peer(const SocketError& error) {
  return error == asio::error::connection_refused || error == asio::error::host_unreachable ||
         error == asio::error::network_unreachable;
}

}  // namespace

SocketError UdpSocket::open(const udp& protocol) {
  SocketError error;
  socket_.open(protocol, error);
  if (!error) socket_.non_blocking(true, error);
  if (!error) set_options(socket_, protocol == udp::v6());
  return error;
}

SocketError UdpSocket::bind(const udp::endpoint& local) {
  SocketError error = open(local.protocol());
  if (!error) socket_.bind(local, error);
  return error;
}

SocketError UdpSocket::connect(const udp::endpoint& peer) {
  SocketError error = open(peer.protocol());
  if (!error) socket_.connect(peer, error);
  return error;
}

udp::endpoint UdpSocket::local() const {
  SocketError ignored;
  return socket_.local_endpoint(ignored);
}

void UdpSocket::close() {
  SocketError ignored;
  socket_.close(ignored);
  queue_.clear();
}

void UdpSocket::receive(OnDatagram on_datagram, OnError on_error) {
  on_datagram_ = std::move(on_datagram);
  on_error_ = std::move(on_error);
  wait_to_receive();
}

// Waiting asks the kernel again, so that what is left over after a batch is not waited for in vain.
void UdpSocket::wait_to_receive() {
  socket_.async_wait(udp::socket::wait_read, alive_.only_while([this](const SocketError& error) {
    if (!error) receive_some();
  }));
}

void UdpSocket::receive_some() {
  for (int i = 0; i < kBatch && socket_.is_open(); ++i) {
    udp::endpoint from;
    SocketError error;
    const std::size_t size_bytes = socket_.receive_from(asio::buffer(input_), from, 0, error);
    if (error) {
      if (!has_no_room(error)) report(error);
      break;
    }
    const ByteView datagram(input_.data(), size_bytes);
    if (capture_) capture_->datagram(from, local(), datagram);
    on_datagram_(datagram, from);
  }
  if (socket_.is_open()) wait_to_receive();
}

void UdpSocket::report(const SocketError& error) {
  if (on_error_ && is_of_the_peer(error)) on_error_(error);
}

void UdpSocket::send(const udp::endpoint& to, Bytes datagram) {
  if (!socket_.is_open()) return;
  if (queue_.empty() && try_send(to, datagram) == Sent::kGone) return;
  if (queue_.size() == kMaxQueued) return;
  queue_.push_back({to, std::move(datagram)});
  if (queue_.size() == 1) wait_to_send();
}

UdpSocket::Sent UdpSocket::try_send(const udp::endpoint& to, ByteView datagram) {
  SocketError error;
  socket_.send_to(asio::buffer(datagram.data(), datagram.size()), to, 0, error);
  if (has_no_room(error)) return Sent::kNoRoom;
  if (capture_ && !error) capture_->datagram(local(), to, datagram);
  // Not from within the sender's call.
  if (error) asio::post(socket_.get_executor(), alive_.only_while([this, error] { report(error); }));
  return Sent::kGone;
}

void UdpSocket::wait_to_send() {
  socket_.async_wait(udp::socket::wait_write, alive_.only_while([this](const SocketError& error) {
    if (error) return;
    while (!queue_.empty() && try_send(queue_.front().to, queue_.front().datagram) == Sent::kGone) {
      queue_.pop_front();
    }
    if (!queue_.empty()) wait_to_send();
  }));
}

}  // namespace kvferry
