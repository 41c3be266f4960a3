// SPDX-License-Identifier: MIT
//
// kvferry pool list: the cards of a pool and their names.
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>

#include "protocol/base/printable.h"
#include "scenarios/kvferry/pool/pool.h"
#include "scenarios/program.h"
#include "scenarios/report.h"

namespace kvferry::pool {
namespace {

using NamesOfCards = std::map<Digest, std::vector<std::string>>;

void print_json(const StoreListing& listing, NamesOfCards& names) {
  auto cards = nlohmann::ordered_json::array();
  for (const ListedCard& card : listing.cards) {
    cards.push_back({{"card", card.digest.hex()},
                     {"payload_bytes", card.payload_bytes},
                     {"chunks", card.chunks},
                     {"names", names[card.digest]}});
  }
  const nlohmann::ordered_json json = {{"cards", cards}};
  std::printf("%s\n", json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
}

void print_words(const StoreListing& listing, NamesOfCards& names) {
  for (const ListedCard& card : listing.cards) {
    std::printf("%s  %-10s", card.digest.hex().c_str(), bytes_text(card.payload_bytes).c_str());
    for (const std::string& name : names[card.digest]) std::printf("  %s", printable(name).c_str());
    std::printf("\n");
  }
}

}  // namespace

int list(const PoolCommandOptions& options) {
  const auto pool = open_pool(options.pool, WhereNoPool::kFail);
  const StoreListing listing = value_or_fail(pool->list());
  NamesOfCards names;
  for (const BoundName& bound : listing.names) names[bound.card].push_back(bound.name);
  if (options.json) {
    print_json(listing, names);
  } else {
    print_words(listing, names);
  }
  if (listing.damaged.empty()) return kExitSuccess;
  const std::string more =
      listing.damaged.size() == 1
          ? ""
          : ", and " + std::to_string(listing.damaged.size() - 1) + " more; see `kvferry pool verify`";
  throw Failure(listing.damaged[0].message + more);
}

}  // namespace kvferry::pool
