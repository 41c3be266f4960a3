// SPDX-License-Identifier: MIT
//
// The command line of tun_link.
#pragma once

#include <string>

#include "tests/netem/forwarder.h"

namespace kvferry::netem {

struct LinkArguments {
  PathOptions path;
  std::string server;  // shell commands
  std::string client;
  std::string report;  // a file; may be empty
};

// An exit status means that help was printed and all is done. Throws UsageError and Failure.
[[nodiscard]] std::optional<int> parse_link_arguments(int argc, char** argv, LinkArguments& out);

}  // namespace kvferry::netem
