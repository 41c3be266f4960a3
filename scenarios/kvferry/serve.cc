// SPDX-License-Identifier: MIT
//
// kvferry serve: answers requests for the cards on a shelf.
#include "scenarios/card_giver.h"
#include "scenarios/kvferry/card_shelf.h"
#include "scenarios/kvferry/commands.h"
#include "scenarios/program.h"
#include "scenarios/serving.h"

namespace kvferry {

int serve(const ServeOptions& options) {
  set_up_log(options.operation);
  const Security security = read_security(options.security);
  const HostPort where = value_or_usage(HostPort::parse(options.listen));
  const CardShelf shelf = value_or_fail(CardShelf::open(options.cards));
  for (const auto& [name, card] : shelf.by_name()) {
    log(LogLevel::kInfo, "serves", {{"card", card->digest().hex()}, {"document", name}});
  }
  serve_until_stopped({"kvferry", where, {}, options.operation}, security, [&] {
    return std::make_unique<CardGiver>([&](const RequestOptions& wanted) { return shelf.find(wanted); });
  });
  return kExitSuccess;
}

}  // namespace kvferry
