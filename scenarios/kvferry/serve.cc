// SPDX-License-Identifier: MIT
//
// kvferry serve: answers requests for the cards on a shelf.
#include <cstdio>

#include "scenarios/insecure.h"
#include "scenarios/kvferry/card_shelf.h"
#include "scenarios/kvferry/commands.h"
#include "scenarios/report.h"
#include "transport/stop_signals.h"
#include "transport/tcp_server.h"

namespace kvferry {
namespace {

// One peer. Cards are shared by all connections and never change.
class ShelfHandler final : public ConnectionHandler {
 public:
  explicit ShelfHandler(const CardShelf& shelf) : shelf_(shelf) {}

  void on_event(TcpConnection& connection, const Event& event) override {
    if (const auto* requested = std::get_if<event::Requested>(&event)) return answer(connection, *requested);
    if (const auto* offered = std::get_if<event::Offered>(&event)) {
      connection.command(
          [&](Connection& c, Time now) { c.refuse(now, offered->id, "this server only gives"); });
    } else if (const auto* confirmed = std::get_if<event::Confirmed>(&event)) {
      std::fprintf(stderr, "kvferry: %s has a card: %llu chunks, %s sent so far\n", connection.peer().c_str(),
                   static_cast<unsigned long long>(confirmed->chunks),
                   bytes_text(connection.connection().ledger().sent.total()).c_str());
    }
  }

 private:
  void answer(TcpConnection& connection, const event::Requested& requested) {
    auto card = shelf_.find(requested.options);
    connection.command([&](Connection& c, Time now) {
      if (card) {
        c.provide(now, requested.id, std::make_shared<CardSource>(**card));
      } else {
        c.refuse(now, requested.id, card.error().message);
      }
    });
  }

  const CardShelf& shelf_;
};

}  // namespace

int serve(const ServeOptions& options) {
  require_insecure(options.insecure);
  TcpServerOptions server_options;
  server_options.listen = value_or_usage(HostPort::parse(options.listen));
  server_options.connection.hello.agent = "kvferry/" KVFERRY_VERSION;
  const CardShelf shelf = value_or_fail(CardShelf::open(options.cards));

  const auto server = value_or_fail(TcpServer::listen(
      server_options, [&] { return std::make_unique<ShelfHandler>(shelf); },
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
