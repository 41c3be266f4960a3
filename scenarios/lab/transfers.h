// SPDX-License-Identifier: MIT
//
// The seam to kvferry-sim: the plan of transfers that it reads, and transfers.jsonl that it writes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "protocol/connection/ledger.h"
#include "scenarios/lab/plan.h"

namespace kvferry {

struct TransferOrder {
  std::string id;  // unique
  std::string transport;
  std::filesystem::path card;  // seen from the plan's folder
  uint64_t card_bytes = 0;
};

struct WireBytes {
  ByteClasses classes;        // ours, both directions
  uint64_t lower_layers = 0;  // headers and acknowledgements below us
  uint64_t total = 0;
};

struct Transfer {
  std::string id;
  uint64_t seed = 0;
  std::string card_digest;
  double complete_s = 0;  // since the reader began to connect: every chunk here and verified
  double confirmed_s = 0;
  WireBytes wire;
  uint64_t device_bytes = 0;  // what the devices counted, independently
  uint64_t retransmissions = 0;
  std::filesystem::path arrived;  // the card as it arrived
};

// The TOML text of a plan.
[[nodiscard]] std::string write_sim_plan(const TradeoffPlan& plan, const std::vector<TransferOrder>& orders);

// Reads DIR/transfers.jsonl. A transfer that did not succeed is an error that says why.
[[nodiscard]] Result<std::vector<Transfer>> read_transfers(const std::filesystem::path& folder);

// Runs the simulator on each plan, in `jobs` processes at a time; plan N is sim-N.toml in `folder`, and
// leaves its results in sim-N.
[[nodiscard]] Result<void> run_simulators(const std::vector<std::string>& plans,
                                          const std::filesystem::path& folder, int jobs);

// Moves all cards through the simulator, in `jobs` processes at a time; transfers come in the orders' order.
// Works in `folder`, to which the cards' paths are relative.
[[nodiscard]] Result<std::vector<Transfer>> simulate(const TradeoffPlan& plan,
                                                     const std::vector<TransferOrder>& orders,
                                                     const std::filesystem::path& folder, int jobs);

}  // namespace kvferry
