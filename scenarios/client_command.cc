// SPDX-License-Identifier: MIT
#include "scenarios/client_command.h"

#include <CLI/CLI.hpp>

#include "scenarios/program.h"
#include "transport/clock.h"

namespace kvferry {

void add_deadline_option(CLI::App& command, TimeLimits& limits, const std::string& what_then) {
  command
      .add_option("--deadline", limits.deadline_s,
                  "seconds from the start; later " + what_then + ", and the exit status is 3")
      ->check(CLI::Range(0.001, 1e6));
}

void add_timeout_option(CLI::App& command, TimeLimits& limits) {
  command
      .add_option("--timeout", limits.timeout_s,
                  "seconds to wait for a connection, a greeting, or more of what is under way")
      ->check(CLI::Range(0.001, 1e6));
}

void limit_time(ClientOptions& client, const TimeLimits& limits) {
  if (limits.deadline_s) client.give_up_at = steady_now() + from_seconds(*limits.deadline_s);
  if (!limits.timeout_s) return;
  const Duration timeout = from_seconds(*limits.timeout_s);
  client.connect_timeout = timeout;
  client.connection.handshake_timeout = timeout;
  client.connection.progress_timeout = timeout;
}

void check_applied(const ClientReport& report, const std::string& more) {
  if (report.status == ClientStatus::kTooLate) throw TooLate(report.message + more);
  if (report.status != ClientStatus::kApplied) throw Failure(report.message + more);
}

}  // namespace kvferry
