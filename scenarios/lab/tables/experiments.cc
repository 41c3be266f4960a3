// SPDX-License-Identifier: MIT
#include "scenarios/lab/tables/experiments.h"

#include <array>
#include <cstdio>

#include "scenarios/lab/tables/rows.h"

namespace kvferry {

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

std::string percent(double share) { return number(100 * share) + " %"; }

void add(Rows& rows, std::string series, std::string label, double x, std::string pipeline) {
  rows.push_back({std::move(series), std::move(label), x, {.pipeline = std::move(pipeline), .sender = {}}});
}

Rows begin(double x) {
  Rows out;
  add(out, "full", "FP16", x, "fp16");
  return out;
}

// "q2c:0.5", and of a union half of it for the base and half for the task.
std::string selection(const std::string& method, double share) {
  if (method == "full") return "select=full";
  if (method == "union") return "select=union:" + number(share / 2) + "+" + number(share / 2);
  return "select=" + method + ":" + number(share);
}

std::span<const TableSpec> table_specs() {
  static constexpr std::array<TableSpec, 13> specs = {{{"selection", selection_table},
                                                       {"bits", bits_table},
                                                       {"bandwidth", bandwidth_table},
                                                       {"svd", svd_table},
                                                       {"presets", presets_table},
                                                       {"progressive", progressive_table},
                                                       {"hops", hops_table},
                                                       {"allocation", allocation_table},
                                                       {"calibration", calibration_table},
                                                       {"sensitivity", sensitivity_table},
                                                       {"layers", layers_table},
                                                       {"conditions", conditions_table},
                                                       {"facts", facts_table}}};
  return specs;
}

}  // namespace kvferry
