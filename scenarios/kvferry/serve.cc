// SPDX-License-Identifier: MIT
//
// kvferry serve: answers requests for the cards on a shelf.
#include <cstdio>

#include "scenarios/card_giver.h"
#include "scenarios/insecure.h"
#include "scenarios/kvferry/card_shelf.h"
#include "scenarios/kvferry/commands.h"
#include "transport/stop_signals.h"
#include "transport/tcp_server.h"

namespace kvferry {

int serve(const ServeOptions& options) {
  require_insecure(options.insecure);
  TcpServerOptions server_options;
  server_options.listen = value_or_usage(HostPort::parse(options.listen));
  server_options.connection.hello.agent = "kvferry/" KVFERRY_VERSION;
  const CardShelf shelf = value_or_fail(CardShelf::open(options.cards));

  const auto server = value_or_fail(TcpServer::listen(
      server_options,
      [&] {
        return std::make_unique<CardGiver>("kvferry",
                                           [&](const RequestOptions& wanted) { return shelf.find(wanted); });
      },
      [](const std::string& peer, const std::string& what) {
        std::fprintf(stderr, "kvferry: %s: %s\n", peer.c_str(), what.c_str());
      }));
  warn_if_public("kvferry", server_options.listen);
  for (const auto& [name, card] : shelf.by_name()) {
    std::fprintf(stderr, "kvferry: %s %s\n", card->digest().hex().c_str(), name.c_str());
  }
  std::printf("listening on %s\n", server->local().text().c_str());
  std::fflush(stdout);
  const StopSignals signals(server->io(), [&] { server->stop(); });
  server->run();
  return kExitSuccess;
}

}  // namespace kvferry
