// SPDX-License-Identifier: MIT
//
// What an entropy coder believes about symbols: frequencies for a whole block, or for each of
// its columns. Columns that look alike share a table, so that a model stays small in files, in
// cards and in the processor's cache. Models are calibrated once (static) or made for a card
// and sent with it; adaptive coding (rans_adaptive.h) needs none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

namespace kvferry {

// Counts of symbols, gathered over blocks, from which a model is made.
class SymbolCounts {
 public:
  // contexts: 1, or the number of columns. alphabet: 2 .. 256.
  SymbolCounts(std::size_t contexts, std::size_t alphabet);

  // symbols [rows][columns], every one below the alphabet; columns is contexts, or anything when contexts
  // is 1.
  void add(std::span<const std::uint8_t> symbols, std::size_t columns);

  [[nodiscard]] std::size_t contexts() const { return contexts_; }
  [[nodiscard]] std::size_t alphabet() const { return alphabet_; }
  // [alphabet].
  [[nodiscard]] std::span<const std::uint32_t> of(std::size_t context) const;

 private:
  std::size_t contexts_, alphabet_;
  std::vector<std::uint32_t> counts_;  // [context][symbol]
};

class SymbolModel {
 public:
  static constexpr unsigned kProbabilityBits = 12;
  static constexpr std::uint32_t kProbabilityOne = 1U << kProbabilityBits;
  static constexpr std::size_t kMaxTables = 64;

  // At most max_tables tables (1 .. kMaxTables), placed so that all counts together cost least. Every symbol
  // of the alphabet keeps a frequency of at least 1, seen or not.
  [[nodiscard]] static SymbolModel from_counts(const SymbolCounts& counts,
                                               std::size_t max_tables = kMaxTables);
  // With as many tables as make model and coded symbols together smallest: for a card that carries both.
  [[nodiscard]] static SymbolModel smallest(const SymbolCounts& counts);

  // Takes a model off the front of `in`. Bounded: at most max_contexts contexts, each paid for by a byte when
  // there are several tables. The error names the field.
  [[nodiscard]] static Result<SymbolModel> parse(ByteView& in, std::size_t max_contexts);
  // parse(serialize()) is the same model, and the only bytes that parse to it.
  void serialize(Bytes& out) const;

  [[nodiscard]] std::size_t contexts() const { return contexts_; }
  [[nodiscard]] std::size_t alphabet() const { return alphabet_; }
  [[nodiscard]] std::size_t tables() const { return frequencies_.size() / alphabet_; }
  [[nodiscard]] std::size_t table_of(std::size_t context) const;
  // Of one table, [alphabet]: every one at least 1, sum kProbabilityOne.
  [[nodiscard]] std::span<const std::uint16_t> table(std::size_t table) const;
  [[nodiscard]] std::span<const std::uint16_t> frequencies(std::size_t context) const {
    return table(table_of(context));
  }
  // Mean bits that a symbol of `counts` would cost; 0 without symbols.
  [[nodiscard]] double cost_bits(const SymbolCounts& counts) const;

  friend bool operator==(const SymbolModel&, const SymbolModel&) = default;

 private:
  SymbolModel(std::size_t contexts, std::size_t alphabet) : contexts_(contexts), alphabet_(alphabet) {}

  std::size_t contexts_, alphabet_;
  std::vector<std::uint8_t> table_of_;      // [context], numbered by first use; empty with one table
  std::vector<std::uint16_t> frequencies_;  // [table][symbol]
};

}  // namespace kvferry
