// SPDX-License-Identifier: MIT
//
// kvferry serve: answers requests for the cards on a shelf, or in a pool.
#include "scenarios/card_giver.h"
#include "scenarios/kvferry/changing_shelf.h"
#include "scenarios/kvferry/commands.h"
#include "scenarios/kvferry/pool_shelf.h"
#include "scenarios/log.h"
#include "scenarios/now_and_then.h"
#include "scenarios/program.h"
#include "scenarios/serving.h"

namespace kvferry {
namespace {

using Serve = std::function<void(const Giving& giving)>;

void serve_pool(const ServeOptions& options, const Serve& serve) {
  const PoolShelf shelf(open_pool(options.pool, WhereNoPool::kMake));
  log(LogLevel::kInfo, "serves", {{"pool", options.pool.where}});
  Followers followers;
  const NowAndThen watch(kLookEvery, [&] { followers.changed(); });  // a name may be bound anew by anybody
  serve({[&](const RequestOptions& wanted) { return shelf.find(wanted); },
         [&](const Digest& digest) { return shelf.find_base(digest); }, &followers});
}

void serve_files(const ServeOptions& options, const Serve& serve) {
  CardShelf first = value_or_fail(CardShelf::open(options.cards));
  for (const auto& [name, card] : first.by_name())
    log(LogLevel::kInfo, "serves", {{"card", card->digest().hex()}, {"document", name}});
  Followers followers;
  const ChangingShelf shelf(std::move(first), options.cards, followers);
  serve({as_sources([&](const RequestOptions& wanted) { return shelf.now()->find(wanted); }),
         [&](const Digest& digest) { return manifest_of(shelf.now()->find_base(digest)); }, &followers});
}

}  // namespace

int serve(const ServeOptions& options) {
  if (options.cards.empty() == options.pool.where.empty())
    throw UsageError("expected either CARD|DIR or --pool POOL");
  set_up_log(options.operation);
  const Security security = read_security(options.security);
  const HostPort where = value_or_usage(HostPort::parse(options.listen));
  const auto serve = [&](const Giving& giving) {
    serve_until_stopped({.program = "kvferry",
                         .listen = where,
                         .model = {},
                         .operation = options.operation,
                         .followed = true},
                        security, [&] { return std::make_unique<CardGiver>(giving); });
  };
  options.cards.empty() ? serve_pool(options, serve) : serve_files(options, serve);
  return kExitSuccess;
}

}  // namespace kvferry
