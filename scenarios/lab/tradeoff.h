// SPDX-License-Identifier: MIT
//
// The main job: documents are read, their caches cross a link as cards, and questions are answered from
// what arrived.
#pragma once

#include <filesystem>
#include <string>

namespace kvferry {

struct TradeoffOptions {
  std::filesystem::path plan;  // a file, or a shipped plan by its path in the repository
  std::filesystem::path out;
  int jobs = 2;
  bool json = false;
};

// Writes results.jsonl, tradeoff.png and report.html into options.out and prints the table. Throws Failure,
// having left nothing behind.
void run_tradeoff(const TradeoffOptions& options);

}  // namespace kvferry
