// SPDX-License-Identifier: MIT
#include "transport/tcp_connection.h"

#include <netinet/tcp.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

namespace kvferry {
namespace {

using NotSentLowWater = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_NOTSENT_LOWAT>;

constexpr std::size_t kRecordBytes = 16384;  // of TLS, at most
constexpr std::size_t kSealBytes = 4 * kRecordBytes;

// Options that fail make a connection slower, not wrong.
void set_options(tcp::socket& socket, const TcpOptions& options) {
  SocketError ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  socket.set_option(NotSentLowWater(options.notsent_lowat_bytes), ignored);
  socket.non_blocking(true, ignored);
}

std::string peer_of(const tcp::socket& socket) {
  SocketError gone;
  const tcp::endpoint endpoint = socket.remote_endpoint(gone);
  return gone ? "peer" : host_port(endpoint).text();
}

}  // namespace

TcpConnection::TcpConnection(asio::io_context& io, tcp::socket socket, const ConnectionConfig& config,
                             ConnectionHandler& handler, const TcpOptions& options)
    : ConnectionDriver(io, config, handler, peer_of(socket)),
      io_(io),
      socket_(std::move(socket)),
      options_(options) {
  set_options(socket_, options_);
  if (options_.tls) tls_ = std::make_unique<TlsSession>(options_.tls);
  SocketError gone;
  if (options_.capture)
    captured_.emplace(options_.capture, config.role, socket_.local_endpoint(gone),
                      socket_.remote_endpoint(gone));
}

void TcpConnection::run() {
  if (tls_) tls_->handle_bytes({});
  settle();
  read();
  while (!is_finished() || reading_ || writing_) {
    if (io_.run_one() == 0) io_.restart();
  }
}

void TcpConnection::read() {
  if (is_finished() || reading_ || peer_ended_) return;
  reading_ = true;
  socket_.async_read_some(asio::buffer(input_), [this](const SocketError& error, std::size_t size_bytes) {
    reading_ = false;
    on_read(error, size_bytes);
  });
}

void TcpConnection::on_read(const SocketError& error, std::size_t size_bytes) {
  if (is_finished()) return;
  if (error) {
    peer_ended_ = true;
    if (error != asio::error::eof) note_socket_error(error);
    core().handle_end_of_stream(steady_now());
    return settle();
  }
  if (!is_lingering()) hand_in(ByteView(input_.data(), size_bytes));
  read();
}

void TcpConnection::hand_in(ByteView bytes) {
  if (!tls_) {
    hand_to_core(bytes);
    return settle();
  }
  tls_->handle_bytes(bytes);
  std::array<std::uint8_t, kRecordBytes> plain;
  while (const std::size_t size_bytes = tls_->read(plain)) {
    hand_to_core(ByteView(plain.data(), size_bytes));
    settle();
    if (is_finished() || is_lingering()) return;
  }
  fail_if_tls_did();
  settle();
}

void TcpConnection::hand_to_core(ByteView plain) {
  if (captured_) captured_->received(plain);
  core().handle_bytes(steady_now(), plain);
}

// What TLS has to say about it still leaves.
void TcpConnection::fail_if_tls_did() {
  if (tls_->failure().empty()) return;
  note_security_failure(tls_->failure());
  core().handle_end_of_stream(steady_now());
}

void TcpConnection::write() {
  if (is_finished() || shut_ || writing_ || pending_.empty()) return;
  writing_ = true;
  socket_.async_write_some(pending_.buffers(), [this](const SocketError& error, std::size_t size_bytes) {
    writing_ = false;
    on_written(error, size_bytes);
  });
}

void TcpConnection::on_written(const SocketError& error, std::size_t size_bytes) {
  if (is_finished()) return;
  if (!error) {
    pending_.consume(size_bytes);
    return settle();
  }
  // What the peer sent before it went away may say why: reading goes on until its end. Nothing is written any
  // more: Asio would wait for a dead socket to become writable.
  note_socket_error(error);
  shut_ = true;
  pending_.clear();
  if (is_lingering()) return finish();
  if (!reading_) {
    core().handle_end_of_stream(steady_now());
    settle();
  }
}

void TcpConnection::transmit() {
  while (!shut_ && pending_.size_bytes() < options_.pending_bytes && (tls_ ? seal() : take_from_core())) {
  }
  write();
}

std::optional<Outgoing> TcpConnection::next_from_core() {
  auto outgoing = core().poll_transmit(steady_now());
  if (captured_ && outgoing) {
    captured_->sent(outgoing->head);
    captured_->sent(outgoing->payload.view());
  }
  return outgoing;
}

// False: there is nothing more to send for now.
bool TcpConnection::take_from_core() {
  auto outgoing = next_from_core();
  if (!outgoing) return false;
  pending_.push(std::move(*outgoing));
  return true;
}

// The same through TLS, in full records where there is enough to say.
bool TcpConnection::seal() {
  Bytes plain;
  plain.reserve(kSealBytes + kRecordBytes);
  if (!tls_->is_open() && core().is_closing()) {
    while (core().poll_transmit(steady_now())) {  // last words for a peer that cannot be told
    }
  }
  while (tls_->is_open() && plain.size() < kSealBytes) {
    const auto outgoing = next_from_core();
    if (!outgoing) break;
    append(plain, outgoing->head);
    append(plain, outgoing->payload.view());
  }
  if (!plain.empty()) tls_->write(plain);
  Bytes sealed = tls_->take_output();
  if (sealed.empty()) return false;
  pending_.push({std::move(sealed), {}, 0});
  return true;
}

// True: there is something to send before our direction ends.
bool TcpConnection::end_tls() {
  if (!tls_ || std::exchange(tls_ended_, true)) return false;
  tls_->close();
  return seal();
}

// The connection is over. Its last bytes leave, then our direction ends, then the peer's end is awaited so
// that what it still sends does not reset the last bytes away.
void TcpConnection::wind_down() {
  linger_for(options_.linger);
  if (pending_.empty() && !writing_ && !shut_) {
    if (end_tls()) return write();
    shut_ = true;
    SocketError ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
  }
  if (shut_ && peer_ended_) return finish();
  if (shut_) read();
}

void TcpConnection::release() {
  SocketError ignored;
  socket_.close(ignored);
}

}  // namespace kvferry
