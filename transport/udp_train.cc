// SPDX-License-Identifier: MIT
#include "transport/udp_train.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace kvferry {
namespace {

using Gro = asio::detail::socket_option::boolean<IPPROTO_UDP, UDP_GRO>;

// Room for the one control message that is sent or expected.
struct Control {
  alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(sizeof(int))> bytes;
};

SocketError last_error() { return {errno, boost::system::system_category()}; }

// 0: the kernel says nothing of it, so it is one datagram.
std::size_t joined_bytes(msghdr& message) {
  for (cmsghdr* each = CMSG_FIRSTHDR(&message); each; each = CMSG_NXTHDR(&message, each)) {
    if (each->cmsg_level != IPPROTO_UDP || each->cmsg_type != UDP_GRO) continue;
    int size = 0;
    std::memcpy(&size, CMSG_DATA(each), sizeof size);
    return size > 0 ? static_cast<std::size_t>(size) : 0;
  }
  return 0;
}

void ask_to_cut(msghdr& message, Control& control, std::size_t datagram_bytes) {
  message.msg_control = control.bytes.data();
  message.msg_controllen = CMSG_SPACE(sizeof(std::uint16_t));
  cmsghdr* const head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = IPPROTO_UDP;
  head->cmsg_type = UDP_SEGMENT;
  head->cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
  const auto size = static_cast<std::uint16_t>(datagram_bytes);
  std::memcpy(CMSG_DATA(head), &size, sizeof size);
}

}  // namespace

void allow_trains(udp::socket& socket) {
  SocketError ignored;
  socket.set_option(Gro(true), ignored);
}

UdpTrain receive_train(udp::socket& socket, std::span<std::uint8_t> buffer, udp::endpoint& from,
                       SocketError& error) {
  iovec piece{buffer.data(), buffer.size()};
  Control control;
  msghdr message{};
  message.msg_name = from.data();
  message.msg_namelen = static_cast<socklen_t>(from.capacity());
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes.data();
  message.msg_controllen = control.bytes.size();
  const ssize_t size = ::recvmsg(socket.native_handle(), &message, 0);
  if (size < 0) {
    error = last_error();
    return {};
  }
  error = {};
  from.resize(message.msg_namelen);
  const auto size_bytes = static_cast<std::size_t>(size);
  const std::size_t joined = joined_bytes(message);
  return {ByteView(buffer.data(), size_bytes), joined > 0 ? joined : std::max<std::size_t>(size_bytes, 1)};
}

SocketError send_train(udp::socket& socket, const udp::endpoint& to, const UdpTrain& train) {
  iovec piece{const_cast<std::uint8_t*>(train.bytes.data()), train.bytes.size()};
  Control control{};
  msghdr message{};
  message.msg_name = const_cast<sockaddr*>(to.data());
  message.msg_namelen = static_cast<socklen_t>(to.size());
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  if (!train.is_one()) ask_to_cut(message, control, train.datagram_bytes);
  return ::sendmsg(socket.native_handle(), &message, 0) < 0 ? last_error() : SocketError{};
}

}  // namespace kvferry
