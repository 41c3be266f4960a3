// SPDX-License-Identifier: MIT
//
// kvferry pool get: a card of a pool into a file of its own.
#include <cstdio>
#include <filesystem>

#include "protocol/card/card_file.h"
#include "scenarios/kvferry/pool/pool.h"
#include "scenarios/kvferry/pooled_card.h"
#include "scenarios/program.h"

namespace kvferry::pool {

int get(const PoolCommandOptions& options) {
  if (!std::filesystem::is_directory(options.into)) throw Failure(options.into + ": not a folder");
  const auto pool = open_pool(options.pool, WhereNoPool::kFail);
  const Digest digest = find_digest(*pool, options.cards.at(0), options.pool.where);
  const auto card = value_or_fail(whole_card(*pool, digest));
  if (!card) throw Failure(options.pool.where + ": no card with digest " + digest.hex() + " here");
  const auto file = std::filesystem::path(options.into) / (digest.hex() + ".card");
  check_or_fail(write_card_file(file, *card));
  std::printf("%s\n", file.c_str());
  return kExitSuccess;
}

}  // namespace kvferry::pool
