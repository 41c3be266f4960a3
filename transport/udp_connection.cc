// SPDX-License-Identifier: MIT
#include "transport/udp_connection.h"

#include <boost/asio/error.hpp>

namespace kvferry {

UdpConnection::UdpConnection(asio::io_context& io, const ConnectionConfig& config, ConnectionHandler& handler,
                             std::string peer, DatagramPort& port, std::function<void()> on_finished,
                             const UdpOptions& options)
    : DatagramConnection(port, std::move(on_finished), io, config, handler, std::move(peer)),
      role_(config.role),
      options_(options) {}

void UdpConnection::take(Time now, ByteView datagram, PathId path) {
  if (!is_over()) core().handle_datagram(now, datagram, path);
}

void UdpConnection::handle_error(const SocketError& error) {
  if (is_over()) return;
  if (is_lingering()) return finish();
  if (error != asio::error::connection_refused && core().is_established()) return;
  note_socket_error(error);
  core().handle_end_of_stream(steady_now());
  settle();
}

void UdpConnection::transmit() {
  const Time now = steady_now();
  while (auto outgoing = core().poll_transmit(now)) port().send(outgoing->path, outgoing->head);
  port().flush();
}

// Who has said goodbye and has it acknowledged leaves at once, and so does a client that was told goodbye.
// Others stay, to repeat their last words to a peer that goes on talking.
void UdpConnection::wind_down() {
  const bool at_once = closed()->by_peer ? role_ == Role::kClient : closed()->code == ErrorCode::kNone;
  if (at_once) return finish();
  linger_for(options_.linger);
}

}  // namespace kvferry
