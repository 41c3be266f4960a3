// SPDX-License-Identifier: MIT
//
// kvferry pool stat: what a pool holds, in numbers.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "scenarios/kvferry/pool/pool.h"
#include "scenarios/program.h"
#include "scenarios/report.h"

namespace kvferry::pool {
namespace {

void print_json(const StoreStatistics& held) {
  const nlohmann::ordered_json json = {{"cards", held.cards},
                                       {"names", held.names},
                                       {"bytes", held.bytes},
                                       {"max_bytes", held.max_bytes},
                                       {"chunks", held.chunks},
                                       {"shared_chunks", held.shared_chunks},
                                       {"shared_bytes", held.shared_bytes},
                                       {"evictions", held.evictions}};
  std::printf("%s\n", json.dump().c_str());
}

void print_words(const StoreStatistics& held) {
  const std::string bound = held.max_bytes == 0 ? "no bound" : "of at most " + bytes_text(held.max_bytes);
  std::printf("cards      %s under %s\n", count_text(held.cards, "card").c_str(),
              count_text(held.names, "name").c_str());
  std::printf("bytes      %s, %s\n", bytes_text(held.bytes).c_str(), bound.c_str());
  std::printf("chunks     %s, %llu of them shared, which saves %s\n",
              count_text(held.chunks, "chunk").c_str(), static_cast<unsigned long long>(held.shared_chunks),
              bytes_text(held.shared_bytes).c_str());
  std::printf("evictions  %s since the pool was made\n", count_text(held.evictions, "card").c_str());
}

}  // namespace

int stat(const PoolCommandOptions& options) {
  const StoreStatistics held = value_or_fail(open_pool(options.pool, WhereNoPool::kFail)->statistics());
  if (options.json) {
    print_json(held);
  } else {
    print_words(held);
  }
  return kExitSuccess;
}

}  // namespace kvferry::pool
