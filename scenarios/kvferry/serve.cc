// SPDX-License-Identifier: MIT
//
// kvferry serve: answers requests for the cards on a shelf.
#include "scenarios/card_giver.h"
#include "scenarios/kvferry/changing_shelf.h"
#include "scenarios/kvferry/commands.h"
#include "scenarios/log.h"
#include "scenarios/program.h"
#include "scenarios/serving.h"

namespace kvferry {

int serve(const ServeOptions& options) {
  set_up_log(options.operation);
  const Security security = read_security(options.security);
  const HostPort where = value_or_usage(HostPort::parse(options.listen));
  Followers followers;
  CardShelf first = value_or_fail(CardShelf::open(options.cards));
  for (const auto& [name, card] : first.by_name()) {
    log(LogLevel::kInfo, "serves", {{"card", card->digest().hex()}, {"document", name}});
  }
  const ChangingShelf shelf(std::move(first), options.cards, followers);
  const Giving giving{[&](const RequestOptions& wanted) { return shelf.now()->find(wanted); },
                      [&](const Digest& digest) { return shelf.now()->find_base(digest); }, &followers};
  serve_until_stopped(
      {.program = "kvferry", .listen = where, .model = {}, .operation = options.operation, .followed = true},
      security, [&] { return std::make_unique<CardGiver>(giving); });
  return kExitSuccess;
}

}  // namespace kvferry
