// SPDX-License-Identifier: MIT
#include "transport/udp_connection.h"

#include <boost/asio/error.hpp>

namespace kvferry {

UdpConnection::UdpConnection(asio::io_context& io, const ConnectionConfig& config, ConnectionHandler& handler,
                             std::string peer, Send send, std::function<void()> on_finished,
                             const UdpOptions& options)
    : ConnectionDriver(io, config, handler, std::move(peer)),
      role_(config.role),
      send_(std::move(send)),
      on_finished_(std::move(on_finished)),
      options_(options) {}

void UdpConnection::handle_datagram(ByteView datagram, PathId path) {
  if (is_finished()) return;
  core().handle_datagram(steady_now(), datagram, path);
  settle();
}

void UdpConnection::handle_error(const SocketError& error) {
  if (is_finished()) return;
  if (is_lingering()) return finish();
  if (error != asio::error::connection_refused && core().is_established()) return;
  note_socket_error(error);
  core().handle_end_of_stream(steady_now());
  settle();
}

void UdpConnection::transmit() {
  while (auto outgoing = core().poll_transmit(steady_now())) {
    send_(outgoing->path, std::move(outgoing->head));
  }
}

// Who has said goodbye and has it acknowledged leaves at once, and so does a client that was told goodbye.
// Others stay, to repeat their last words to a peer that goes on talking.
void UdpConnection::wind_down() {
  const bool at_once = closed()->by_peer ? role_ == Role::kClient : closed()->code == ErrorCode::kNone;
  if (at_once) return finish();
  linger_for(options_.linger);
}

void UdpConnection::release() { on_finished_(); }

}  // namespace kvferry
