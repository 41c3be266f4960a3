// SPDX-License-Identifier: MIT
//
// What commands share that bring or fetch one thing: how long they may take, what is captured, and how they
// end.
#pragma once

#include <optional>
#include <string>

#include "transport/client.h"

namespace CLI {
class App;
}

namespace kvferry {

// As typed.
struct ErrandOptions {
  std::optional<double> deadline_s;  // for all of it, from prepare() on
  std::optional<double> timeout_s;   // for a peer that says nothing
  std::string capture_file;
};

// All but the deadline.
void add_errand_options(CLI::App& command, ErrandOptions& options);
// what_then: what becomes of what is not done at the deadline.
void add_deadline_option(CLI::App& command, ErrandOptions& options, const std::string& what_then);

// Throws Failure: the capture's file cannot be written.
void prepare(ClientOptions& client, const ErrandOptions& options);

// Throws TooLate or Failure with the report's message and `more` behind it, unless the card was applied.
void check_applied(const ClientReport& report, const std::string& more = {});

}  // namespace kvferry
