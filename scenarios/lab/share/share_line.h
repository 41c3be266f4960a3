// SPDX-License-Identifier: MIT
//
// What the first so many agents of every document had of a strategy, as a line of share.jsonl.
#pragma once

#include <string>
#include <vector>

#include "scenarios/lab/share/sharing.h"

namespace kvferry {

// How long cards travelled: of one document.
struct ShareTransfers {
  double shared_s = 0;        // everybody's card; 0 without one
  std::vector<double> own_s;  // each agent's; 0 without one
};

struct ShareRun {
  std::string model, set;
  Strategy strategy;
  std::vector<SharedDocument> documents;
  std::vector<ShareTransfers> transfers;  // of each document
  std::vector<uint64_t> tokens;           // of each document
  std::string pipeline, transport;
  double rate_mbps = 0, rtt_ms = 0;
  uint64_t seed = 0;
  std::string model_weights, libtorch;
};

// With its end. "pool": the agents share memory or a store, so what is everybody's moves once; "apart": each
// is on a link of its own. Means over documents; of times and F1 the distribution over agents too.
[[nodiscard]] std::string to_json_line(const ShareRun& run, size_t agents);

}  // namespace kvferry
