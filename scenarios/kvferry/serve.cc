// SPDX-License-Identifier: MIT
//
// kvferry serve: answers requests for the cards on a shelf, or in a pool.
#include "scenarios/card_giver.h"
#include "scenarios/kvferry/card_shelf.h"
#include "scenarios/kvferry/commands.h"
#include "scenarios/kvferry/pool_shelf.h"
#include "scenarios/program.h"
#include "scenarios/serving.h"

namespace kvferry {
namespace {

Server::MakeHandler serve_pool(const PoolOptions& options) {
  const auto shelf = std::make_shared<const PoolShelf>(open_pool(options, WhereNoPool::kMake));
  log(LogLevel::kInfo, "serves", {{"pool", options.where}});
  return [shelf] {
    return std::make_unique<CardGiver>([shelf](const RequestOptions& wanted) { return shelf->find(wanted); });
  };
}

Server::MakeHandler serve_files(const std::string& cards) {
  const auto shelf = std::make_shared<const CardShelf>(value_or_fail(CardShelf::open(cards)));
  for (const auto& [name, card] : shelf->by_name())
    log(LogLevel::kInfo, "serves", {{"card", card->digest().hex()}, {"document", name}});
  return [shelf] {
    return std::make_unique<CardGiver>([shelf](const RequestOptions& wanted) { return shelf->find(wanted); });
  };
}

}  // namespace

int serve(const ServeOptions& options) {
  if (options.cards.empty() == options.pool.where.empty())
    throw UsageError("expected either CARD|DIR or --pool POOL");
  set_up_log(options.operation);
  const Security security = read_security(options.security);
  const HostPort where = value_or_usage(HostPort::parse(options.listen));
  serve_until_stopped({"kvferry", where, {}, options.operation}, security,
                      options.cards.empty() ? serve_pool(options.pool) : serve_files(options.cards));
  return kExitSuccess;
}

}  // namespace kvferry
