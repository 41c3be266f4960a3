// SPDX-License-Identifier: MIT
#include "transport/tcp_connection.h"

#include <netinet/tcp.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

namespace kvferry {
namespace {

using NotSentLowWater = asio::detail::socket_option::integer<IPPROTO_TCP, TCP_NOTSENT_LOWAT>;

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
    : io_(io),
      socket_(std::move(socket)),
      timer_(io),
      options_(options),
      handler_(handler),
      peer_(peer_of(socket_)),
      core_(config, steady_now()) {
  set_options(socket_, options_);
}

void TcpConnection::run() {
  settle();
  read();
  while (!finished_ || reading_ || writing_ || waiting_) {
    if (io_.run_one() == 0) io_.restart();
  }
}

void TcpConnection::post(std::function<void(Connection&, Time)> f) {
  asio::post(io_, [this, f = std::move(f)] {
    if (finished_) return;
    f(core_, steady_now());
    settle();
  });
}

void TcpConnection::drop() {
  asio::post(io_, [this] {
    if (!finished_) finish();
  });
}

void TcpConnection::read() {
  if (finished_ || reading_ || peer_ended_) return;
  reading_ = true;
  socket_.async_read_some(asio::buffer(input_), [this](const SocketError& error, std::size_t size_bytes) {
    reading_ = false;
    on_read(error, size_bytes);
  });
}

void TcpConnection::on_read(const SocketError& error, std::size_t size_bytes) {
  if (finished_) return;
  if (error) {
    peer_ended_ = true;
    if (error != asio::error::eof) socket_error_ = error;
    core_.handle_end_of_stream(steady_now());
    return settle();
  }
  if (!linger_end_) {
    core_.handle_bytes(steady_now(), ByteView(input_.data(), size_bytes));
    settle();
  }
  read();
}

void TcpConnection::write() {
  if (finished_ || shut_ || writing_ || pending_.empty()) return;
  writing_ = true;
  socket_.async_write_some(pending_.buffers(), [this](const SocketError& error, std::size_t size_bytes) {
    writing_ = false;
    on_written(error, size_bytes);
  });
}

void TcpConnection::on_written(const SocketError& error, std::size_t size_bytes) {
  if (finished_) return;
  if (!error) {
    pending_.consume(size_bytes);
    return settle();
  }
  // What the peer sent before it went away may say why: reading goes on until its end. Nothing is written any
  // more: Asio would wait for a dead socket to become writable.
  if (!socket_error_) socket_error_ = error;
  shut_ = true;
  pending_.clear();
  if (linger_end_) return finish();
  if (!reading_) {
    core_.handle_end_of_stream(steady_now());
    settle();
  }
}

std::optional<Time> TcpConnection::deadline() const {
  return linger_end_ ? linger_end_ : core_.poll_timeout();
}

// The timer is moved only to an earlier time; when it comes too early, it looks again.
void TcpConnection::arm() {
  const auto wanted = deadline();
  if (finished_ || !wanted || (waiting_ && armed_for_ && *armed_for_ <= *wanted)) return;
  if (waiting_) {
    timer_.cancel();  // its handler arms again
    armed_for_.reset();
    return;
  }
  armed_for_ = wanted;
  waiting_ = true;
  timer_.expires_at(to_steady(*wanted));
  timer_.async_wait([this](const SocketError&) {
    waiting_ = false;
    on_timer();
  });
}

void TcpConnection::on_timer() {
  if (finished_) return;
  const Time now = steady_now();
  const auto due = deadline();
  if (due && now >= *due) {
    if (linger_end_) return finish();
    core_.handle_timeout(now);
    return settle();
  }
  arm();
}

void TcpConnection::drain() {
  const auto take_events = [this] {
    while (auto event = core_.poll_event()) events_.push_back(std::move(*event));
  };
  take_events();
  while (!finished_ && !shut_ && pending_.size_bytes() < options_.pending_bytes) {
    auto outgoing = core_.poll_transmit(steady_now());
    if (!outgoing) break;
    pending_.push(std::move(*outgoing));
  }
  take_events();
  write();
  arm();
}

void TcpConnection::settle() {
  drain();
  while (!events_.empty()) {
    const Event event = std::move(events_.front());
    events_.pop_front();
    handler_.on_event(*this, event);
    drain();
  }
  if (core_.is_closed()) wind_down();
}

// The connection is over. Its last bytes leave, then our direction ends, then the peer's end is awaited so
// that what it still sends does not reset the last bytes away.
void TcpConnection::wind_down() {
  if (finished_) return;
  if (!linger_end_) {
    linger_end_ = steady_now() + options_.linger;
    arm();
  }
  if (pending_.empty() && !writing_ && !shut_) {
    shut_ = true;
    SocketError ignored;
    socket_.shutdown(tcp::socket::shutdown_send, ignored);
  }
  if (shut_ && peer_ended_) return finish();
  if (shut_) read();
}

void TcpConnection::finish() {
  finished_ = true;
  SocketError ignored;
  socket_.close(ignored);
  timer_.cancel();
}

}  // namespace kvferry
