// SPDX-License-Identifier: MIT
//
// Logs and counts what happens on one connection of a serving program, and passes it on.
#pragma once

#include <map>
#include <memory>

#include "scenarios/metrics.h"
#include "transport/connection_driver.h"

namespace kvferry {

class WatchedHandler final : public ConnectionHandler {
 public:
  WatchedHandler(std::unique_ptr<ConnectionHandler> handler, Metrics& metrics);
  ~WatchedHandler() override;

  void on_event(ConnectionDriver& connection, const Event& event) override;
  void on_gone() override { handler_->on_gone(); }

 private:
  void note(ConnectionDriver& connection, const Event& event);
  void note_end(ConnectionDriver& connection, const event::Closed& closed);
  void note_stage(const ConnectionDriver& connection, const char* stage, TransferId id,
                  const std::string& what);
  void note_done(const ConnectionDriver& connection, const char* stage, TransferId id, std::uint64_t chunks);
  void count_bytes(const ConnectionDriver& connection);

  std::unique_ptr<ConnectionHandler> handler_;
  Metrics& metrics_;
  Ledger counted_;
  std::map<TransferId, Time> begun_;
  const char* end_ = "dropped";
  bool greeted_ = false;
};

}  // namespace kvferry
