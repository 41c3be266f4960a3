// SPDX-License-Identifier: MIT
//
// tables.jsonl: one line for each condition, model and question set. analysis/tables.py reads these lines and
// nothing else.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "scenarios/lab/tables/experiments.h"
#include "scenarios/lab/tables/measure.h"

namespace kvferry {

struct TableLine {
  std::string table, model, set;
  TableRow row;
  Summary summary;
  uint64_t seed = 0;
  std::string model_weights, libtorch;
  std::optional<double> energy;     // share of the squared singular values that the rank holds
  std::optional<double> sender_f1;  // of the sender's own answers from its own caches
};

// A line of JSON, its end included. Where no card was made, what is counted in bytes is null.
[[nodiscard]] std::string to_json_line(const TableLine& line);

}  // namespace kvferry
