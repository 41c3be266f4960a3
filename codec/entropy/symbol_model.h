// SPDX-License-Identifier: MIT
//
// What an entropy coder believes about symbols: a table of frequencies for a whole block, or
// one for each of its columns. Tables are calibrated once (static), made for a card (sent with
// it), or learnt while coding (adaptive, which needs none).
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
  [[nodiscard]] std::span<const std::uint32_t> of(std::size_t context) const;

 private:
  std::size_t contexts_, alphabet_;
  std::vector<std::uint32_t> counts_;  // [context][symbol]
};

class SymbolModel {
 public:
  static constexpr unsigned kProbabilityBits = 12;

  // Every symbol of the alphabet keeps a frequency of at least 1, seen or not.
  [[nodiscard]] static SymbolModel from_counts(const SymbolCounts& counts);

  // Bounded: at most max_contexts tables; every frequency at least 1, sums 2^kProbabilityBits.
  [[nodiscard]] static Result<SymbolModel> parse(ByteView& in, std::size_t max_contexts);
  void serialize(Bytes& out) const;

  [[nodiscard]] std::size_t contexts() const { return contexts_; }
  [[nodiscard]] std::size_t alphabet() const { return alphabet_; }
  // Frequencies of one context, [alphabet].
  [[nodiscard]] std::span<const std::uint16_t> frequencies(std::size_t context) const;
  // Mean bits a symbol that counts would cost.
  [[nodiscard]] double cost_bits(const SymbolCounts& counts) const;

  friend bool operator==(const SymbolModel&, const SymbolModel&) = default;

 private:
  std::size_t contexts_ = 0, alphabet_ = 0;
  std::vector<std::uint16_t> frequencies_;  // [context][symbol]
};

}  // namespace kvferry
