// SPDX-License-Identifier: GPL-2.0-only
//
// kvferry-sim with a plan that has a network.
#pragma once

#include <filesystem>

#include "protocol/base/result.h"

namespace kvferry::sim {

struct RunCount {
  std::size_t runs = 0;
  std::size_t ok = 0;  // every reader has its card
};

// Every run of the plan, up to `jobs` at a time, into DIR/runs.jsonl: the same file whatever `jobs` is.
// Errors: what is wrong with the plan, before anything is made; that a run could not be made; "interrupted".
[[nodiscard]] Result<RunCount> simulate_network_plan(const std::filesystem::path& plan,
                                                     const std::filesystem::path& out, std::size_t jobs);

}  // namespace kvferry::sim
