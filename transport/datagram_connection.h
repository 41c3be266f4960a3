// SPDX-License-Identifier: MIT
//
// A connection driven over a UDP socket that somebody else owns: a client's, or
// a server's that many connections share.
#pragma once

#include <functional>

#include "transport/connection_driver.h"

namespace kvferry {

// Where a connection's datagrams go.
class DatagramPort {
 public:
  virtual ~DatagramPort() = default;
  // At flush() it leaves, if it has not yet.
  virtual void send(PathId path, ByteView datagram) = 0;
  virtual void flush() = 0;
};

class DatagramConnection : public ConnectionDriver {
 public:
  // A client speaks first.
  void start() { settle(); }
  // One or more that came together, now; then settle().
  virtual void take(Time now, ByteView datagram, PathId path) = 0;
  using ConnectionDriver::settle;
  // The peer cannot be reached. Ends a connection, unless it is one that may only be interrupted.
  virtual void handle_error(const SocketError& error) = 0;

  [[nodiscard]] bool is_over() const { return is_finished(); }
  // A peer that would understand a goodbye.
  [[nodiscard]] virtual bool is_open() const { return !connection().is_closed(); }

 protected:
  // Sends to `port` until it calls `on_finished`, from within any of its calls; then it is over.
  template <typename... Driver>
  DatagramConnection(DatagramPort& port, std::function<void()> on_finished, Driver&&... driver)
      : ConnectionDriver(std::forward<Driver>(driver)...),
        port_(port),
        on_finished_(std::move(on_finished)) {}

  [[nodiscard]] DatagramPort& port() { return port_; }

 private:
  void release() override { on_finished_(); }

  DatagramPort& port_;
  std::function<void()> on_finished_;
};

}  // namespace kvferry
