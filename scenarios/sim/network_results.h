// SPDX-License-Identifier: GPL-2.0-only
//
// The output folder of a plan with a network: runs.jsonl, and the files that runs leave.
#pragma once

#include <string>

#include "scenarios/sim/gathering.h"
#include "scenarios/sim/network_run.h"

namespace kvferry::sim {

// One line of runs.jsonl, without the line's end. Keys in a fixed order.
[[nodiscard]] std::string run_line(const NetworkPlan& plan, const NetworkRun& run,
                                   const NetworkResult& result);

// Each run writes from a process of its own.
class RunsFolder {
 public:
  [[nodiscard]] static Result<RunsFolder> open(const std::filesystem::path& folder, const NetworkPlan& plan);

  // Of a run, by its place in the plan: where it leaves files, and its line.
  [[nodiscard]] RunFiles files(std::size_t number) const;
  [[nodiscard]] Result<void> write_line(std::size_t number, const std::string& line) const;
  // Joins so many lines in their order, and puts everything in place. The value: how many are of runs in
  // which every reader has its card.
  [[nodiscard]] Result<std::size_t> commit(std::size_t count);

 private:
  explicit RunsFolder(Gathering gathering) : gathering_(std::move(gathering)) {}
  [[nodiscard]] Result<std::size_t> join(std::size_t count) const;

  Gathering gathering_;
};

}  // namespace kvferry::sim
