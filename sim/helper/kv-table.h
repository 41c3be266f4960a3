// SPDX-License-Identifier: GPL-2.0-only
//
// What a script prints: a line of column names with their units, then rows.
// Columns are right-aligned and at least two spaces apart, so that other programs
// split them there.
#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "sim/model/kv-wire-meter.h"

namespace kvferry::sim {

class KvTable {
 public:
  explicit KvTable(std::vector<std::string> columns) : m_rows{std::move(columns)} {}

  // As many cells as there are columns.
  void AddRow(std::vector<std::string> cells);

  static std::string Number(double value, int decimals);
  static std::string Number(const std::optional<ns3::Time>& time);  // in seconds, or "-"
  // What was on the wire, by class, and all of it.
  static KvTable OfBytes(const WireBytes& bytes);

  friend std::ostream& operator<<(std::ostream& out, const KvTable& table);

 private:
  std::vector<std::vector<std::string>> m_rows;  // the first: names
};

}  // namespace kvferry::sim
