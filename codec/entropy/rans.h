// SPDX-License-Identifier: MIT
//
// Interleaved range asymmetric numeral systems (Duda 2013; Giesen 2014) with the frequencies of
// a SymbolModel: 32-bit states, 16-bit renormalisation, 12-bit probabilities. Symbols stand
// [row][column]; adjacent ones go to adjacent states, so that vectors can decode them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "codec/entropy/symbol_model.h"
#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

namespace kvferry {

// Interleaved states of a block of so many symbols: few symbols do not pay for 16.
[[nodiscard]] constexpr std::size_t rans_states(std::size_t symbols) { return symbols < 8192 ? 1 : 16; }

// A model's tables laid out for encoding. Made once for many blocks.
class RansEncoder {
 public:
  explicit RansEncoder(const SymbolModel& model);

  // Appends the coded symbols, every one below the model's alphabet. columns is the model's contexts, or
  // anything from 1 when it has one context.
  void encode(std::span<const std::uint8_t> symbols, std::size_t columns, Bytes& out) const;

 private:
  struct Range {
    std::uint16_t start, frequency;
  };
  std::size_t contexts_, alphabet_;
  std::vector<std::uint32_t> table_at_;  // [context], index of its first range
  std::vector<Range> ranges_;            // [table][symbol]
};

// A model's tables laid out for decoding, 16 KiB each. Made once for many blocks.
class RansDecoder {
 public:
  explicit RansDecoder(const SymbolModel& model);

  // Reads exactly all of `coded`, which must be what encode() wrote for so many symbols. The error says what
  // is wrong with it; what has been written to `symbols` is then undefined, but below the alphabet.
  [[nodiscard]] Result<void> decode(ByteView coded, std::size_t columns,
                                    std::span<std::uint8_t> symbols) const;

  // Of memory.
  [[nodiscard]] std::size_t bytes() const { return 4 * (table_at_.size() + slots_.size()); }

 private:
  std::size_t contexts_;
  std::vector<std::uint32_t> table_at_;  // [context], index of its first slot
  std::vector<std::uint32_t> slots_;     // [table][4096]: symbol << 24 | frequency << 12 | slot - start
};

}  // namespace kvferry
