// SPDX-License-Identifier: MIT
#include "transport/connection_driver.h"

#include <algorithm>

namespace kvferry {

ConnectionDriver::ConnectionDriver(asio::io_context& io, const ConnectionConfig& config,
                                   ConnectionHandler& handler, std::string peer)
    : ConnectionDriver(io, handler, std::move(peer)) {
  core_.emplace(with_checks_by_driver(config), steady_now());
}

ConnectionDriver::ConnectionDriver(asio::io_context& io, ConnectionHandler& handler, std::string peer)
    : io_(io), timer_(io), handler_(handler), peer_(std::move(peer)), checker_(io, [this] {
        take_results();
      }) {}

void ConnectionDriver::post(std::function<void(Connection&, Time)> f) {
  asio::post(io_, alive_.only_while([this, f = std::move(f)] {
    if (finished_) return;
    f(core(), steady_now());
    settle();
  }));
}

void ConnectionDriver::leave_within(Duration time) {
  linger_for(time);
  command([](Connection& connection, Time now) { connection.close(now); });
}

void ConnectionDriver::drop() {
  asio::post(io_, alive_.only_while([this] { finish(); }));
}

void ConnectionDriver::settle() {
  drain();
  while (!events_.empty()) {
    const Event event = std::move(events_.front());
    events_.pop_front();
    handler_.on_event(*this, event);
    drain();
  }
  if (core().is_closed() && !finished_) wind_down();
}

void ConnectionDriver::drain() {
  take_checks();
  take_events();
  if (!finished_) transmit();
  take_events();
  arm();
}

void ConnectionDriver::take_checks() {
  while (auto check = core().poll_check()) {
    if (const auto result = checker_.check(*check))
      core().handle_checked(steady_now(), result->id, result->chunk, result->matches);
  }
}

void ConnectionDriver::take_results() {
  if (finished_) return;
  for (const CheckResult& result : checker_.take_results())
    core().handle_checked(steady_now(), result.id, result.chunk, result.matches);
  settle();
}

void ConnectionDriver::take_events() {
  while (auto event = poll_event()) {
    if (const auto* closed = std::get_if<event::Closed>(&*event)) closed_ = *closed;
    events_.push_back(std::move(*event));
  }
}

std::optional<Time> ConnectionDriver::deadline() const {
  const auto core_due = poll_timeout();
  if (core_due && linger_end_) return std::min(*core_due, *linger_end_);
  return core_due ? core_due : linger_end_;
}

// The timer is moved only to an earlier time; when it comes too early, it looks again.
void ConnectionDriver::arm() {
  const auto wanted = deadline();
  if (finished_ || !wanted || (armed_for_ && *armed_for_ <= *wanted)) return;
  armed_for_ = wanted;
  timer_.expires_at(to_steady(*wanted));  // ends a wait that is under way
  timer_.async_wait(alive_.only_while([this](const SocketError& error) {
    if (error) return;
    armed_for_.reset();
    on_timer();
  }));
}

void ConnectionDriver::on_timer() {
  if (finished_) return;
  const Time now = steady_now();
  if (linger_end_ && *linger_end_ <= now) return finish();
  const auto due = poll_timeout();
  if (due && *due <= now) {
    handle_timeout(now);
    return settle();
  }
  arm();
}

void ConnectionDriver::linger_for(Duration time) {
  if (linger_end_) return;
  linger_end_ = steady_now() + time;
  arm();
}

void ConnectionDriver::finish() {
  if (finished_) return;
  finished_ = true;
  timer_.cancel();
  release();
}

void ConnectionDriver::note_socket_error(const SocketError& error) {
  if (!socket_error_) socket_error_ = error;
}

void ConnectionDriver::note_security_failure(const std::string& what) {
  if (security_failure_.empty()) security_failure_ = what;
}

}  // namespace kvferry
