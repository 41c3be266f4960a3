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
#include "transport/transport_kind.h"
#include "transport/udp_server.h"

namespace kvferry {
namespace {

std::unique_ptr<Server> listen(TransportKind transport, const HostPort& where,
                               const Server::MakeHandler& make_handler) {
  const auto complain = [](const std::string& peer, const std::string& what) {
    std::fprintf(stderr, "kvferry: %s: %s\n", peer.c_str(), what.c_str());
  };
  const auto set = [&](auto options) {
    options.listen = where;
    options.connection.hello.agent = "kvferry/" KVFERRY_VERSION;
    return options;
  };
  if (transport == TransportKind::kUdp) {
    return value_or_fail(UdpServer::listen(set(UdpServerOptions()), make_handler, complain));
  }
  return value_or_fail(TcpServer::listen(set(TcpServerOptions()), make_handler, complain));
}

}  // namespace

int serve(const ServeOptions& options) {
  require_insecure(options.insecure);
  const TransportKind transport = value_or_usage(parse_transport(options.transport));
  const HostPort where = value_or_usage(HostPort::parse(options.listen));
  const CardShelf shelf = value_or_fail(CardShelf::open(options.cards));

  const auto server = listen(transport, where, [&] {
    return std::make_unique<CardGiver>("kvferry",
                                       [&](const RequestOptions& wanted) { return shelf.find(wanted); });
  });
  warn_if_public("kvferry", where);
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
