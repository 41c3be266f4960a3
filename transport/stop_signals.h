// SPDX-License-Identifier: MIT
//
// SIGINT and SIGTERM as a callback on an io_context's thread. The second signal
// does what it does by default: it ends the process.
#pragma once

#include <csignal>
#include <functional>
#include <utility>

#include "transport/asio.h"

namespace kvferry {

class StopSignals {
 public:
  StopSignals(asio::io_context& io, std::function<void()> on_stop) : signals_(io) {
    SocketError ignored;
    signals_.add(SIGINT, ignored);
    signals_.add(SIGTERM, ignored);
    signals_.async_wait([this, stop = std::move(on_stop)](const SocketError& error, int) {
      if (error) return;
      SocketError failed;
      signals_.clear(failed);
      stop();
    });
  }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

 private:
  asio::signal_set signals_;
};

}  // namespace kvferry
