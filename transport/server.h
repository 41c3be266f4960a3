// SPDX-License-Identifier: MIT
//
// What every server is to the program that runs it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "transport/connection_driver.h"
#include "transport/host_port.h"

namespace kvferry {

class Server {
 public:
  // Called on the serving thread for each connection; the handler lives as long as its connection.
  using MakeHandler = std::function<std::unique_ptr<ConnectionHandler>()>;
  // Called on the serving thread when a handler threw: its connection has ended.
  using OnFailure = std::function<void(const std::string& peer, const std::string& what)>;

  virtual ~Server() = default;

  [[nodiscard]] virtual HostPort local() const = 0;  // with the port that was picked

  // Serves on this thread until stop(), then until every connection has ended.
  virtual void run() = 0;
  // From any thread: open connections are closed, and dropped when the grace time has passed; run() returns.
  virtual void stop() = 0;

  // The serving thread's context, for signals.
  [[nodiscard]] virtual asio::io_context& io() = 0;
};

}  // namespace kvferry
