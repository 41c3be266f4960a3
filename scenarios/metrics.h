// SPDX-License-Identifier: MIT
//
// Counters of a serving program in Prometheus' text format, on a port of this machine alone.
#pragma once

#include <memory>

#include "protocol/base/result.h"
#include "protocol/base/time.h"
#include "protocol/connection/ledger.h"

namespace kvferry {

class Metrics {
 public:
  Metrics();
  ~Metrics();

  // http://127.0.0.1:PORT/metrics; port 0 picks a free one. The port, or why not.
  [[nodiscard]] Result<std::uint16_t> expose(std::uint16_t port);

  // From any thread.
  void connection_begun();
  void connection_ended(const char* how);
  void transfer(const char* stage);
  void transfer_done(Duration took);
  void bytes(const Ledger& before, const Ledger& now);

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace kvferry
