// SPDX-License-Identifier: MIT
//
// What the tables' rows are built of.
#pragma once

#include <string>
#include <vector>

#include "scenarios/lab/tables/experiments.h"

namespace kvferry {

using Rows = std::vector<TableRow>;

// A row whose treatment is one card.
void add(Rows& rows, std::string series, std::string label, double x, std::string pipeline);

// The full FP16 card alone.
[[nodiscard]] Rows begin(double x);

[[nodiscard]] std::string number(double value);   // "0.125", "4"
[[nodiscard]] std::string percent(double share);  // "12.5 %"

// "select=q2c:0.5"; of a union, half of the share is the base's and half the task's.
[[nodiscard]] std::string selection(const std::string& method, double share);

// One function a table: of the codec's stages (codec_tables.cc), and of what agents do with cards
// (agent_tables.cc).
[[nodiscard]] Rows selection_table(const TableSubject& subject);
[[nodiscard]] Rows bits_table(const TableSubject& subject);
[[nodiscard]] Rows bandwidth_table(const TableSubject& subject);
[[nodiscard]] Rows svd_table(const TableSubject& subject);
[[nodiscard]] Rows presets_table(const TableSubject& subject);
[[nodiscard]] Rows progressive_table(const TableSubject& subject);
[[nodiscard]] Rows allocation_table(const TableSubject& subject);
[[nodiscard]] Rows layers_table(const TableSubject& subject);
[[nodiscard]] Rows hops_table(const TableSubject& subject);
[[nodiscard]] Rows calibration_table(const TableSubject& subject);
[[nodiscard]] Rows sensitivity_table(const TableSubject& subject);
[[nodiscard]] Rows conditions_table(const TableSubject& subject);
[[nodiscard]] Rows facts_table(const TableSubject& subject);

}  // namespace kvferry
