// SPDX-License-Identifier: MIT
//
// kvferry pool put: card files into a pool.
#include <cstdio>
#include <filesystem>

#include "protocol/card/card_file.h"
#include "scenarios/kvferry/pool/pool.h"
#include "scenarios/program.h"

namespace kvferry::pool {

int put(const PoolCommandOptions& options) {
  if (!options.name.empty() && options.cards.size() != 1) throw UsageError("--name: expected one card");
  const auto pool = open_pool(options.pool, WhereNoPool::kMake);
  for (const std::string& file : options.cards) {
    const Card card = value_or_fail(read_card_file(file));
    if (auto verified = card.verify(); !verified) throw Failure(verified.error().in(file));
    const bool is_new = value_or_fail(pool->put(card));
    const std::string name =
        options.name.empty() ? std::filesystem::path(file).stem().string() : options.name;
    check_or_fail(pool->bind(name, card.digest()));
    std::printf("%s %s%s\n", card.digest().hex().c_str(), name.c_str(), is_new ? "" : " (was here)");
  }
  return kExitSuccess;
}

}  // namespace kvferry::pool
