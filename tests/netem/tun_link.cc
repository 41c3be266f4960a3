// SPDX-License-Identifier: MIT
//
// tun_link: a server and a client with kernel sockets, and between them a link that is emulated.
#include <memory>

#include "scenarios/program.h"
#include "tests/netem/forwarder.h"
#include "tests/netem/link_report.h"
#include "tests/netem/link_run.h"
#include "tests/netem/precedence.h"
#include "transport/clock.h"

namespace kvferry::netem {
namespace {

int run(int argc, char** argv) {
  TunLinkArguments arguments;
  if (const auto done = parse_tun_link_arguments(argc, argv, arguments)) return *done;
  const auto ends = make_tun_ends();
  if (!ends) return skipped("tun_link", ends.error());
  take_precedence();
  LinkRun link(arguments.commands, *ends);
  std::unique_ptr<Forwarder> forwarder;
  const int status = link.run([&] {
    forwarder = std::make_unique<Forwarder>(link.loop(), ends->server.device, ends->client.device,
                                            arguments.path, steady_now());
  });
  if (forwarder && !arguments.commands.report.empty()) {
    check_or_fail(write_link_report(arguments.commands.report, forwarder->report()));
  }
  return status;
}

}  // namespace
}  // namespace kvferry::netem

int main(int argc, char** argv) {
  return kvferry::run_program("tun_link", [&] { return kvferry::netem::run(argc, argv); });
}
