// SPDX-License-Identifier: MIT
//
// kvferry pool bind: a name for a card of a pool.
#include "scenarios/kvferry/pool/pool.h"
#include "scenarios/program.h"

namespace kvferry::pool {

int bind(const PoolCommandOptions& options) {
  const auto pool = open_pool(options.pool, WhereNoPool::kFail);
  check_or_fail(pool->bind(options.name, find_digest(*pool, options.cards.at(0), options.pool.where)));
  return kExitSuccess;
}

}  // namespace kvferry::pool
