// SPDX-License-Identifier: MIT
#include "transport/udp_socket.h"

#include <netinet/in.h>

#include <boost/asio/error.hpp>

namespace kvferry {
namespace {

using MtuDiscover4 = asio::detail::socket_option::integer<IPPROTO_IP, IP_MTU_DISCOVER>;
using MtuDiscover6 = asio::detail::socket_option::integer<IPPROTO_IPV6, IPV6_MTU_DISCOVER>;

constexpr int kBufferBytes = 4 << 20;  // as much of it as the system allows
constexpr int kBatch = 16;             // trains received before other work has its turn

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
  allow_trains(socket);
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
  flush();
  SocketError ignored;
  socket_.close(ignored);
  departures_.clear();
}

void UdpSocket::receive(OnTrain on_train, OnError on_error) {
  on_train_ = std::move(on_train);
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
    const UdpTrain train = receive_train(socket_, input_, from, error);
    if (error) {
      if (!has_no_room(error)) report(error);
      break;
    }
    if (capture_) train.each([&](ByteView datagram) { capture_->datagram(from, local(), datagram); });
    on_train_(train, from);
  }
  if (socket_.is_open()) wait_to_receive();
}

void UdpSocket::report(const SocketError& error) {
  if (on_error_ && is_of_the_peer(error)) on_error_(error);
}

bool UdpSocket::Departure::has_room_for(const udp::endpoint& where, std::size_t size_bytes) const {
  const bool ended = bytes.size() % datagram_bytes != 0;  // by a smaller one
  return to == where && !bytes.empty() && !ended && size_bytes > 0 && size_bytes <= datagram_bytes &&
         bytes.size() + size_bytes <= UdpTrain::kMaxBytes &&
         bytes.size() / datagram_bytes < UdpTrain::kMaxDatagrams;
}

void UdpSocket::send(const udp::endpoint& to, ByteView datagram) {
  if (!socket_.is_open()) return;
  if (departures_.empty() || !departures_.back().has_room_for(to, datagram.size())) {
    flush();
    if (departures_.size() == kMaxQueuedTrains) return;
    begin_departure(to, datagram.size());
  }
  append(departures_.back().bytes, datagram);
}

void UdpSocket::begin_departure(const udp::endpoint& to, std::size_t datagram_bytes) {
  spare_.clear();
  departures_.push_back({to, std::move(spare_), std::max<std::size_t>(datagram_bytes, 1)});
}

void UdpSocket::flush() {
  while (!waits_to_send_ && !departures_.empty()) {
    if (depart(departures_.front()) == Sent::kNoRoom) return wait_to_send();
    spare_ = std::move(departures_.front().bytes);
    departures_.pop_front();
  }
}

// Some devices and sizes cannot be cut by the kernel.
UdpSocket::Sent UdpSocket::depart(Departure& departure) {
  const UdpTrain train = departure.train();
  const SocketError error = send_train(socket_, departure.to, train);
  if (error && !has_no_room(error) && !is_of_the_peer(error) && !train.is_one())
    return depart_one_by_one(departure);
  return settle(error, departure.to, train);
}

UdpSocket::Sent UdpSocket::depart_one_by_one(Departure& departure) {
  std::size_t gone_bytes = 0;
  bool has_room = true;
  departure.train().each([&](ByteView datagram) {
    if (!has_room) return;
    const UdpTrain one{datagram, departure.datagram_bytes};
    has_room = settle(send_train(socket_, departure.to, one), departure.to, one) == Sent::kGone;
    if (has_room) gone_bytes += datagram.size();
  });
  departure.bytes.erase(departure.bytes.begin(),
                        departure.bytes.begin() + static_cast<std::ptrdiff_t>(gone_bytes));
  return has_room ? Sent::kGone : Sent::kNoRoom;
}

UdpSocket::Sent UdpSocket::settle(const SocketError& error, const udp::endpoint& to, const UdpTrain& train) {
  if (has_no_room(error)) return Sent::kNoRoom;
  if (capture_ && !error) train.each([&](ByteView datagram) { capture_->datagram(local(), to, datagram); });
  // Not from within the sender's call.
  if (error) asio::post(socket_.get_executor(), alive_.only_while([this, error] { report(error); }));
  return Sent::kGone;
}

void UdpSocket::wait_to_send() {
  waits_to_send_ = true;
  socket_.async_wait(udp::socket::wait_write, alive_.only_while([this](const SocketError& error) {
    waits_to_send_ = false;
    if (!error) flush();
  }));
}

}  // namespace kvferry
