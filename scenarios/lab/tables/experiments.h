// SPDX-License-Identifier: MIT
//
// The tables as data: which treatments each compares.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/lab/tables/treatment.h"

namespace kvferry {

// One line of a table.
struct TableRow {
  std::string series;  // what belongs together in the picture: a method, a model
  std::string label;   // what is special about this line: "25 %", "layer 2"
  double x = 0;        // its place in the series, in the table's own unit
  Treatment treatment;
};

// What rows may depend on.
struct TableSubject {
  std::string model;  // its folder
  uint32_t layers = 0;
  size_t channels = 0;              // of one row of K
  std::vector<std::string> others;  // senders: shipped names and folders
  std::vector<float> sensitivity;   // of each layer, as calibrated; only the table of that name needs it
};

struct TableSpec {
  std::string_view name;
  std::vector<TableRow> (*rows)(const TableSubject& subject);
};

// In the order of the report. Every table's first row is the full FP16 card.
[[nodiscard]] std::span<const TableSpec> table_specs();

}  // namespace kvferry
