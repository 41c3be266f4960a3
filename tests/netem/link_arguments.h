// SPDX-License-Identifier: MIT
//
// The command lines of the emulators.
#pragma once

#include <string>

#include "tests/netem/forwarder.h"

namespace kvferry::netem {

struct LinkCommands {
  std::string server;  // shell commands
  std::string client;
  std::string report;  // a file; may be empty
};

struct TunLinkArguments {
  PathOptions path;
  LinkCommands commands;
};

struct Ns3LinkArguments {
  LinkOptions link;  // either direction: rate, delay, queue, loss and seed
  LinkCommands commands;
};

// An exit status means that help was printed and all is done. Throw UsageError and Failure.
[[nodiscard]] std::optional<int> parse_tun_link_arguments(int argc, char** argv, TunLinkArguments& out);
[[nodiscard]] std::optional<int> parse_ns3_link_arguments(int argc, char** argv, Ns3LinkArguments& out);

}  // namespace kvferry::netem
