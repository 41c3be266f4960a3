// SPDX-License-Identifier: MIT
//
// Which contexts share a table, and the tables' frequencies: k-means with coded size as the
// distance. Whole numbers throughout, so that a model does not depend on who makes it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "codec/entropy/symbol_model.h"

namespace kvferry {

struct TableSearch {
  std::vector<std::uint8_t> table_of;      // [context], numbered by first use
  std::vector<std::uint16_t> frequencies;  // [table][symbol]
};

// max_tables: 1 .. SymbolModel::kMaxTables.
[[nodiscard]] TableSearch search_tables(const SymbolCounts& counts, std::size_t max_tables);

// Frequencies of at least 1 that sum to SymbolModel::kProbabilityOne, in proportion to the counts; flat when
// there are none. counts: 2 .. 256 of them, their sum below 2^48.
[[nodiscard]] std::vector<std::uint16_t> normalise(std::span<const std::uint64_t> counts);

// Bits of a symbol with this frequency (1 .. 4095), times 2^16.
[[nodiscard]] std::uint32_t cost_of_frequency(std::uint16_t frequency);

}  // namespace kvferry
