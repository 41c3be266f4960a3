// SPDX-License-Identifier: MIT
//
// kvferry pool verify: every digest of a pool.
#include <cstdio>

#include "scenarios/kvferry/pool/pool.h"
#include "scenarios/kvferry/pooled_card.h"
#include "scenarios/program.h"
#include "scenarios/report.h"

namespace kvferry::pool {

// A line for everything that is damaged, and what is to be done; the last one goes to stderr.
int verify(const PoolCommandOptions& options) {
  const auto pool = open_pool(options.pool, WhereNoPool::kFail);
  StoreListing listing = value_or_fail(pool->list());
  std::vector<Error> damaged = std::move(listing.damaged);
  for (const ListedCard& card : listing.cards) {
    const auto whole = whole_card(*pool, card.digest);
    if (!whole) damaged.push_back(whole.error().in("card " + card.digest.hex()));
  }
  for (const Error& error : damaged) std::printf("%s\n", error.message.c_str());
  if (!damaged.empty()) {
    throw Failure(options.pool.where + ": " + std::to_string(damaged.size()) +
                  " damaged, as listed; `kvferry pool remove` the cards, or put them again");
  }
  std::printf("%s: every digest is right\n", count_text(listing.cards.size(), "card").c_str());
  return kExitSuccess;
}

}  // namespace kvferry::pool
