// SPDX-License-Identifier: MIT
//
// kvferry pool: what stands in a pool, looked at and changed by hand. Each command returns an exit status or
// throws what run_program() catches.
#pragma once

#include <string>
#include <vector>

#include "scenarios/kvferry/pool_option.h"

namespace CLI {
class App;
}

namespace kvferry::pool {

struct PoolCommandOptions {
  PoolOptions pool;
  std::vector<std::string> cards;  // files, or digests and names
  std::string name;
  std::string into = ".";
  bool json = false;
};

void add_pool_commands(CLI::App& app, PoolCommandOptions& options);
// The one that was asked for.
int run(const CLI::App& app, const PoolCommandOptions& options);

int put(const PoolCommandOptions& options);     // card files, each under a name
int get(const PoolCommandOptions& options);     // a card into DIR/DIGEST.card
int list(const PoolCommandOptions& options);    // cards and their names
int bind(const PoolCommandOptions& options);    // a name to a card
int remove(const PoolCommandOptions& options);  // cards, and their names
int stat(const PoolCommandOptions& options);    // counts and bytes
int verify(const PoolCommandOptions& options);  // every digest

// A card as people name it: a digest, or a name that is bound. Throws Failure where there is none.
[[nodiscard]] Digest find_digest(CardStore& pool, const std::string& digest_or_name,
                                 const std::string& where);

}  // namespace kvferry::pool
