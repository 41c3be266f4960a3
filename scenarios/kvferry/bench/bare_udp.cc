// SPDX-License-Identifier: MIT
#include "scenarios/kvferry/bench/bare_udp.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <atomic>
#include <thread>
#include <vector>

#include "transport/asio.h"
#include "transport/clock.h"

namespace kvferry::bench {
namespace {

using Segment = asio::detail::socket_option::integer<IPPROTO_UDP, UDP_SEGMENT>;
using Gro = asio::detail::socket_option::boolean<IPPROTO_UDP, UDP_GRO>;

constexpr std::size_t kTrainBytes = 65'000;  // of one IP packet's 65,535
constexpr int kBufferBytes = 4 << 20;

// A blocked receiver wakes up to see that it is over.
void set_patience(udp::socket& socket) {
  const timeval patience{0, 20'000};
  ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

void send_until(udp::socket& socket, std::size_t datagram_bytes, const std::atomic<bool>& over) {
  const std::vector<std::uint8_t> train(kTrainBytes / datagram_bytes * datagram_bytes);
  while (!over) ::send(socket.native_handle(), train.data(), train.size(), 0);
}

// Those of the middle of the time count, when both sides have begun.
double receive_for(udp::socket& socket, double seconds, std::atomic<bool>& over) {
  std::vector<std::uint8_t> input(65'536);
  std::uint64_t received = 0;
  const auto count_until = [&](Time end) {
    for (received = 0; steady_now() < end;) {
      const ssize_t size = ::recv(socket.native_handle(), input.data(), input.size(), 0);
      if (size > 0) received += static_cast<std::uint64_t>(size);
    }
  };
  count_until(steady_now() + from_seconds(0.1));
  const Time begun = steady_now();
  count_until(begun + from_seconds(seconds));
  const double elapsed = to_seconds(steady_now() - begun);
  over = true;
  return static_cast<double>(received) / elapsed;
}

}  // namespace

Result<double> bare_udp_rate(const BareUdpOptions& options) {
  asio::io_context io;
  udp::socket receiver(io, {asio::ip::address_v4::loopback(), 0}), sender(io, udp::v4());
  SocketError error;
  receiver.set_option(udp::socket::receive_buffer_size(kBufferBytes), error);
  sender.set_option(Segment(static_cast<int>(options.datagram_bytes)), error);
  if (!error && options.joined) receiver.set_option(Gro(true), error);
  if (!error) sender.connect(receiver.local_endpoint(), error);
  if (error) return Error{error.message()};
  set_patience(receiver);
  std::atomic<bool> over = false;
  std::thread sending([&] { send_until(sender, options.datagram_bytes, over); });
  const double rate = receive_for(receiver, options.seconds, over);
  sending.join();
  return rate;
}

}  // namespace kvferry::bench
