// SPDX-License-Identifier: GPL-2.0-only
//
// ns3_link: a server and a client with kernel sockets, and between them a link of ns-3's in real time.
#include <memory>

#include "scenarios/program.h"
#include "tests/netem/link_run.h"
#include "tests/netem/ns3_network.h"

namespace kvferry::netem {
namespace {

int run(int argc, char** argv) {
  Ns3LinkArguments arguments;
  if (const auto done = parse_ns3_link_arguments(argc, argv, arguments)) return *done;
  const auto ends = make_tap_ends();
  if (!ends) return skipped("ns3_link", ends.error());
  LinkRun link(arguments.commands, *ends);
  std::unique_ptr<Ns3Network> network;
  const int status = link.run([&] { network = std::make_unique<Ns3Network>(*ends, arguments.link); });
  if (network && !arguments.commands.report.empty()) {
    network->stop();
    check_or_fail(write_link_report(arguments.commands.report, network->report()));
  }
  return status;
}

}  // namespace
}  // namespace kvferry::netem

int main(int argc, char** argv) {
  return kvferry::run_program("ns3_link", [&] { return kvferry::netem::run(argc, argv); });
}
