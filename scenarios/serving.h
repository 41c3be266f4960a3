// SPDX-License-Identifier: MIT
//
// What serving programs share: a server of the transport that was asked for, run until a signal ends it.
#pragma once

#include <optional>

#include "scenarios/security.h"
#include "transport/server.h"

namespace kvferry {

// As typed.
struct OperatorOptions {
  std::string log_level = "info";
  std::optional<std::uint16_t> metrics_port;
  std::optional<double> timeout_s;  // for a client that says nothing
  bool once = false;                // ends after one connection
  std::string capture_file;
};

void add_operator_options(CLI::App& command, OperatorOptions& options);

// First of all. Throws UsageError.
void set_up_log(const OperatorOptions& options);

struct ServingOptions {
  std::string program;
  HostPort listen;
  std::optional<ModelIdentity> model;
  OperatorOptions operation;
  bool followed = false;  // requests for the next card of a document wait for it
};

// Prints "listening on HOST:PORT" when it is ready. Throws UsageError or Failure.
void serve_until_stopped(const ServingOptions& options, const Security& security,
                         const Server::MakeHandler& make_handler);

}  // namespace kvferry
