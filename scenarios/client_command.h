// SPDX-License-Identifier: MIT
//
// What commands share that bring or fetch one thing: how long they may take, and how they end.
#pragma once

#include <optional>
#include <string>

#include "transport/client.h"

namespace CLI {
class App;
}

namespace kvferry {

// As typed, in seconds.
struct TimeLimits {
  std::optional<double> deadline_s;  // for all of it, from limit_time() on
  std::optional<double> timeout_s;   // for a peer that says nothing
};

// what_then: what becomes of what is not done at the deadline.
void add_deadline_option(CLI::App& command, TimeLimits& limits, const std::string& what_then);
void add_timeout_option(CLI::App& command, TimeLimits& limits);

void limit_time(ClientOptions& client, const TimeLimits& limits);

// Throws TooLate or Failure with the report's message and `more` behind it, unless the card was applied.
void check_applied(const ClientReport& report, const std::string& more = {});

}  // namespace kvferry
