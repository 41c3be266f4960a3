// SPDX-License-Identifier: MIT
#include "scenarios/kvferry/conform/stream_link.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "protocol/base/crc32c.h"
#include "protocol/card/chunk_info.h"
#include "protocol/wire/messages.h"
#include "scenarios/kvferry/conform/verdict.h"
#include "transport/clock.h"
#include "transport/tcp_connect.h"

namespace kvferry::conform {
namespace {

Descriptor connect_to(const HostPort& peer, Duration patience) {
  asio::io_context io;
  auto socket = tcp_connect(io, peer, patience);
  if (!socket) throw Unreachable(socket.error().message);
  const int number = socket->release();
  const int on = 1;
  ::setsockopt(number, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::fcntl(number, F_SETFL, ::fcntl(number, F_GETFL) | O_NONBLOCK);
  return Descriptor(number);
}

}  // namespace

OutFrame out_frame(std::uint64_t type, ByteView body) {
  OutFrame frame{{}, Bytes(body.begin(), body.end())};
  put_varint(frame.head, type);
  put_varint(frame.head, body.size());
  return frame;
}

StreamLink::StreamLink(const HostPort& peer, Duration patience)
    : socket_(connect_to(peer, patience)), patience_(patience) {}

void StreamLink::send(const std::vector<OutFrame>& frames) {
  Bytes bytes;
  for (const OutFrame& frame : frames) {
    append(bytes, frame.head);
    put_le(bytes, crc32c(frame.body, crc32c(frame.head)));
    append(bytes, frame.body);
  }
  send_raw(bytes);
}

// A peer that has gone, or reads no more, is seen by what receive() gives.
void StreamLink::send_raw(ByteView bytes) {
  const Time until = steady_now() + patience_;
  while (!bytes.empty() && socket_.writable(until)) {
    const ssize_t sent = ::send(socket_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return;
    if (sent > 0) bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
}

void StreamLink::say_goodbye() {
  send({out_frame(static_cast<std::uint64_t>(FrameType::kGoodbye), encode_map(GoodbyeMessage{}))});
}

bool StreamLink::read_some(Time until) {
  if (ended_ || !socket_.readable(until)) return false;
  std::array<std::uint8_t, 64 * 1024> piece;
  const ssize_t got = ::recv(socket_.number(), piece.data(), piece.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return true;
  ended_ = got <= 0;
  if (got > 0) append(input_, {piece.data(), static_cast<std::size_t>(got)});
  return true;
}

std::optional<Arrival> StreamLink::take_frame() {
  ByteReader in(input_);
  const auto type = in.take_varint();
  const auto size = in.take_varint();
  if (!size) {
    expect(input_.size() < 16, "the peer sent a type or a length that is no shortest varint (PRM-1)");
    return std::nullopt;
  }
  expect(*size <= max_body_bytes(*type), "the peer sent a frame of type " + std::to_string(*type) + " with " +
                                             std::to_string(*size) + " bytes (FRM-3)");
  const std::size_t head_bytes = in.position();
  const auto checksum = in.take_le<std::uint32_t>();
  const auto body = in.take(*size);
  if (!body) return std::nullopt;
  expect(crc32c(*body, crc32c(ByteView(input_).first(head_bytes))) == *checksum,
         "the peer sent a frame of type " + std::to_string(*type) + " with a wrong CRC32C (STR-1)");
  Arrival arrival{*type, Bytes(body->begin(), body->end()), steady_now()};
  input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(in.position()));
  return arrival;
}

std::optional<Arrival> StreamLink::receive(Time until) {
  do {
    if (auto arrival = take_frame()) return arrival;
  } while (read_some(until));
  return std::nullopt;
}

}  // namespace kvferry::conform
