// SPDX-License-Identifier: MIT
//
// kvferry-lab share: many agents, one document.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace kvferry {

struct ShareOptions {
  std::filesystem::path out;
  std::string model = "large";
  std::string preset = "quant=int4";  // of every card: its stages but the selection
  int agents = 15;                    // each asks a question of its own
  int documents = 8;                  // of each question set
  int words = 0;                      // of each document; 0: as the question set has them
  std::vector<std::string> only;      // strategies; empty: all
  double rate_mbps = 50, rtt_ms = 20;
  std::string transport = "udp";
  uint64_t seed = 1;
  int jobs = 2;
};

// Writes share.jsonl (a line a strategy and number of agents), answers.jsonl (every answer beside the gold
// one), fan-out.jsonl (for the report), share.md and share.png into options.out. Throws Failure, having left
// nothing behind.
void run_share(const ShareOptions& options);

}  // namespace kvferry
