// SPDX-License-Identifier: MIT
//
// What serving programs share: a server of the transport that was asked for, run until a signal ends it.
#pragma once

#include "scenarios/security.h"
#include "transport/server.h"

namespace kvferry {

struct ServingOptions {
  std::string program;  // before every line that it says
  HostPort listen;
  std::optional<ModelIdentity> model;
  bool once = false;  // ends after one connection
};

// Prints "listening on HOST:PORT" when it is ready. Throws UsageError or Failure.
void serve_until_stopped(const ServingOptions& options, const Security& security,
                         const Server::MakeHandler& make_handler);

}  // namespace kvferry
