// SPDX-License-Identifier: MIT
//
// Drives one Connection (stream binding) over one TCP socket, on one thread.
//
//          ┌──────── socket readable: handle_bytes ────────┐
//   socket ┤                                               ├ Connection ─► events ─► handler
//          └─ socket writable: gather write ◄ poll_transmit┘
//
// Timers: one, at Connection::poll_timeout(); after the connection has closed,
// at the end of the linger time in which the last bytes leave.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "transport/asio.h"
#include "transport/clock.h"
#include "transport/host_port.h"
#include "transport/send_queue.h"

namespace kvferry {

struct TcpOptions {
  std::size_t pending_bytes = 65536;  // the driver polls the connection only while it holds less than this
  int notsent_lowat_bytes = 131072;   // TCP_NOTSENT_LOWAT: unsent bytes in the kernel
  Duration linger = std::chrono::seconds(2);
};

class TcpConnection;

// Told of everything on the connection's thread. May issue commands through TcpConnection::command.
class ConnectionHandler {
 public:
  virtual ~ConnectionHandler() = default;
  virtual void on_event(TcpConnection& connection, const Event& event) = 0;
};

class TcpConnection {
 public:
  // The handler, and the sinks it gives to the connection, must outlive run().
  TcpConnection(asio::io_context& io, tcp::socket socket, const ConnectionConfig& config,
                ConnectionHandler& handler, const TcpOptions& options = {});
  TcpConnection(const TcpConnection&) = delete;
  TcpConnection& operator=(const TcpConnection&) = delete;

  // Runs the io_context on this thread until the connection is closed and its last bytes have left or the
  // linger time has passed. Afterwards nothing in the io_context refers to this object, but for what post()
  // queued.
  void run();

  // Runs f(connection, now) and drains the connection. On the connection's thread, before run() or from the
  // handler; events that it causes follow after the handler has returned.
  template <typename Function>
  auto command(Function&& f) {
    struct Drain {
      TcpConnection& driver;
      ~Drain() { driver.drain(); }
    } drain_after{*this};
    return std::forward<Function>(f)(core_, steady_now());
  }

  // The same from any thread while run() runs: workers answer through it.
  void post(std::function<void(Connection&, Time)> f);

  // Ends run() at once, from any thread: no goodbye, no linger.
  void drop();

  [[nodiscard]] const Connection& connection() const { return core_; }
  [[nodiscard]] const std::string& peer() const { return peer_; }  // "127.0.0.1:4433"
  // The socket's own error, if it ended the connection.
  [[nodiscard]] const SocketError& socket_error() const { return socket_error_; }

 private:
  void read();
  void on_read(const SocketError& error, std::size_t size_bytes);
  void write();
  void on_written(const SocketError& error, std::size_t size_bytes);
  void arm();
  void on_timer();
  void drain();   // the connection's outputs: events are queued, bytes go to the socket, the timer is armed
  void settle();  // drains and dispatches until nothing is left
  void wind_down();
  void finish();
  [[nodiscard]] std::optional<Time> deadline() const;

  asio::io_context& io_;
  tcp::socket socket_;
  asio::steady_timer timer_;
  TcpOptions options_;
  ConnectionHandler& handler_;
  std::string peer_;
  Connection core_;
  SendQueue pending_;
  std::deque<Event> events_;
  std::array<std::uint8_t, 65536> input_;
  std::optional<Time> armed_for_;
  std::optional<Time> linger_end_;  // set once the connection has closed
  SocketError socket_error_;
  bool reading_ = false;
  bool writing_ = false;
  bool waiting_ = false;     // the timer has a handler queued
  bool shut_ = false;        // our direction has ended, or failed
  bool peer_ended_ = false;  // nothing more can be read
  bool finished_ = false;
};

}  // namespace kvferry
