// SPDX-License-Identifier: MIT
//
// kvferry pool remove: cards out of a pool.
#include "scenarios/kvferry/pool/pool.h"
#include "scenarios/program.h"

namespace kvferry::pool {

int remove(const PoolCommandOptions& options) {
  const auto pool = open_pool(options.pool, WhereNoPool::kFail);
  for (const std::string& card : options.cards) {
    const Digest digest = find_digest(*pool, card, options.pool.where);
    if (!value_or_fail(pool->remove(digest)))
      throw Failure(options.pool.where + ": no card with digest " + digest.hex() + " here");
  }
  return kExitSuccess;
}

}  // namespace kvferry::pool
