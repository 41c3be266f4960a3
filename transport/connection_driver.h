// SPDX-License-Identifier: MIT
//
// One Connection driven over some socket, on one thread: what an application
// sees of it, and what the drivers share.
//
//   socket ─handle_*─► Connection ─► events ─► handler ─► command() ─► Connection
//   socket ◄─ transmit() ◄─ poll_transmit ◄─┘
//
// Digests of large chunks are compared on another thread: chunk_checker.h.
//
// Timers: one, at Connection::poll_timeout(), or at the end of the linger time
// in which a closed connection's last bytes leave.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "protocol/connection/connection.h"
#include "transport/alive.h"
#include "transport/asio.h"
#include "transport/chunk_checker.h"
#include "transport/clock.h"

namespace kvferry {

class ConnectionDriver;

// Told of everything on the connection's thread. May issue commands through ConnectionDriver::command.
class ConnectionHandler {
 public:
  virtual ~ConnectionHandler() = default;
  virtual void on_event(ConnectionDriver& connection, const Event& event) = 0;
  // The driver goes, whether its connection has closed or not: nobody may post to it any more.
  virtual void on_gone() {}
};

class ConnectionDriver {
 public:
  virtual ~ConnectionDriver() { handler_.on_gone(); }
  ConnectionDriver(const ConnectionDriver&) = delete;
  ConnectionDriver& operator=(const ConnectionDriver&) = delete;

  // Runs f(connection, now) and drains the connection. On the connection's thread, before it runs or from the
  // handler; events that it causes follow after the handler has returned.
  template <typename Function>
  auto command(Function&& f) {
    struct Drain {
      ConnectionDriver& driver;
      ~Drain() { driver.drain(); }
    } drain_after{*this};
    return std::forward<Function>(f)(core(), steady_now());
  }

  // The same from any thread while the connection lives: workers answer through it.
  void post(std::function<void(Connection&, Time)> f);

  // Says goodbye to a peer that may not hear it: it is over when that is acknowledged, or when the time has
  // passed. On the connection's thread.
  void leave_within(Duration time);
  // Ends it soon, from any thread: no goodbye, no linger.
  void drop();

  [[nodiscard]] const Connection& connection() const { return core(); }
  [[nodiscard]] const std::string& peer() const { return peer_; }  // "127.0.0.1:4433"
  // The socket's own error, if it ended the connection.
  [[nodiscard]] const SocketError& socket_error() const { return socket_error_; }
  // What TLS or QUIC ended it for, one line; empty if they did not.
  [[nodiscard]] const std::string& security_failure() const { return security_failure_; }

 protected:
  // The handler, and the sinks it gives to the connection, must outlive this.
  ConnectionDriver(asio::io_context& io, const ConnectionConfig& config, ConnectionHandler& handler,
                   std::string peer);
  // Of a connection that lives within something else, and has with_checks_by_driver(): the four below say how
  // that is driven.
  ConnectionDriver(asio::io_context& io, ConnectionHandler& handler, std::string peer);
  [[nodiscard]] virtual const Connection& core() const { return *core_; }
  [[nodiscard]] virtual std::optional<Event> poll_event() { return core_->poll_event(); }
  [[nodiscard]] virtual std::optional<Time> poll_timeout() const { return core_->poll_timeout(); }
  virtual void handle_timeout(Time now) { core_->handle_timeout(now); }
  [[nodiscard]] Connection& core() { return const_cast<Connection&>(std::as_const(*this).core()); }

  // Sends what the connection hands out, as far as the socket takes it.
  virtual void transmit() = 0;
  // The connection has closed: finish(), now or when the last bytes have left. Called again whenever
  // something has happened since.
  virtual void wind_down() = 0;
  // From finish(): nothing is sent or received any more.
  virtual void release() = 0;

  // Drains and dispatches until nothing is left: after everything that changed the connection.
  void settle();
  // Starts the linger time, once; finish() follows at its end.
  void linger_for(Duration time);
  void finish();
  // The transport below has failed; the first error stays.
  void note_socket_error(const SocketError& error);
  void note_security_failure(const std::string& what);

  // How the connection ended, once it has closed.
  [[nodiscard]] const std::optional<event::Closed>& closed() const { return closed_; }
  [[nodiscard]] bool is_lingering() const { return linger_end_.has_value(); }
  [[nodiscard]] bool is_finished() const { return finished_; }

 private:
  void drain();  // the connection's outputs: events are queued, bytes go to the socket, the timer is armed
  void take_checks();
  void take_results();
  void take_events();
  void arm();
  void on_timer();
  [[nodiscard]] std::optional<Time> deadline() const;

  asio::io_context& io_;
  asio::steady_timer timer_;
  ConnectionHandler& handler_;
  std::string peer_;
  std::optional<Connection> core_;
  ChunkChecker checker_;
  std::deque<Event> events_;
  std::optional<event::Closed> closed_;
  std::optional<Time> armed_for_;   // set while the timer has a handler queued
  std::optional<Time> linger_end_;  // set once the connection has closed, or is to be left
  SocketError socket_error_;
  std::string security_failure_;
  bool finished_ = false;
  Alive alive_;
};

}  // namespace kvferry
