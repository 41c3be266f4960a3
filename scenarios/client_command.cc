// SPDX-License-Identifier: MIT
#include "scenarios/client_command.h"

#include <CLI/CLI.hpp>

#include "scenarios/capture_option.h"
#include "scenarios/program.h"
#include "transport/clock.h"

namespace kvferry {

void add_errand_options(CLI::App& command, ErrandOptions& options) {
  command
      .add_option("--timeout", options.timeout_s,
                  "seconds to wait for a connection, a greeting, or more of what is under way")
      ->check(CLI::Range(0.001, 1e6));
  add_capture_option(command, options.capture_file);
}

void add_deadline_option(CLI::App& command, ErrandOptions& options, const std::string& what_then) {
  command
      .add_option("--deadline", options.deadline_s,
                  "seconds from the start; later " + what_then + ", and the exit status is 3")
      ->check(CLI::Range(0.001, 1e6));
}

void prepare(ClientOptions& client, const ErrandOptions& options) {
  client.capture = open_capture(options.capture_file);
  if (options.deadline_s) client.give_up_at = steady_now() + from_seconds(*options.deadline_s);
  if (!options.timeout_s) return;
  const Duration timeout = from_seconds(*options.timeout_s);
  client.connect_timeout = timeout;
  client.connection.handshake_timeout = timeout;
  client.connection.progress_timeout = timeout;
}

void check_applied(const ClientReport& report, const std::string& more) {
  if (report.status == ClientStatus::kTooLate) throw TooLate(report.message + more);
  if (report.status != ClientStatus::kApplied) throw Failure(report.message + more);
}

}  // namespace kvferry
