// SPDX-License-Identifier: MIT
#include "transport/quic_connection.h"

#include <boost/asio/error.hpp>

namespace kvferry {

QuicConnection::QuicConnection(asio::io_context& io, QuicSession session, Role role,
                               ConnectionHandler& handler, std::string peer, DatagramPort& port,
                               std::function<void()> on_finished)
    : DatagramConnection(port, std::move(on_finished), io, handler, std::move(peer)),
      session_(std::move(session)),
      role_(role) {}

void QuicConnection::take(Time now, ByteView datagram, PathId path) {
  if (!is_over()) session_.handle_datagram(now, datagram, path);
}

void QuicConnection::handle_error(const SocketError& error) {
  if (is_over()) return;
  if (error != asio::error::connection_refused && session_.connection().is_established()) return;
  unreachable_ = true;
  note_socket_error(error);
  session_.connection().handle_end_of_stream(steady_now());
  settle();
}

std::optional<Event> QuicConnection::poll_event() {
  auto event = session_.poll_event();
  if (!event || !session_.is_refused()) return event;
  if (const auto* closed = std::get_if<event::Closed>(&*event)) note_security_failure(closed->reason);
  return event;
}

void QuicConnection::transmit() {
  const Time now = steady_now();
  while (auto datagram = session_.poll_transmit(now)) port().send(datagram->path, datagram->bytes);
  port().flush();
}

// A client is in a hurry; a server stays to repeat its last word to a peer that goes on talking.
void QuicConnection::wind_down() {
  const bool leaves = unreachable_ || session_.is_over() || (role_ == Role::kClient && session_.may_leave());
  if (leaves) finish();
}

}  // namespace kvferry
