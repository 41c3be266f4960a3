// SPDX-License-Identifier: MIT
//
// rANS of symbols 0, 1 and 2, each under a context that writer and reader both know. Symbols come in
// passes: the contexts of a pass may depend on the symbols of those before it, which is how bit planes
// adapt to what they have shown, while within a pass sixteen symbols are decoded at once.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "codec/entropy/context_vector.h"
#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

namespace kvferry {

// How often 0 and 1 come in each context, of 4096. 2 takes the rest, which may be nothing; 0 and 1 do not.
class ContextTables {
 public:
  static constexpr std::size_t kContexts = 256;
  static constexpr unsigned kBits = 12;
  static constexpr std::uint32_t kOne = 1U << kBits;

  struct Shares {
    std::uint16_t zero = kOne / 2, one = kOne / 2;
    friend bool operator==(const Shares&, const Shares&) = default;
  };

  // Both at least 1, together at most 4096.
  void set(std::size_t context, Shares shares);
  [[nodiscard]] Shares get(std::size_t context) const;
  // Where the ranges of 0 (low half) and of 1 (high half) end.
  [[nodiscard]] const std::array<std::uint32_t, kContexts>& ends() const { return ends_; }

  friend bool operator==(const ContextTables&, const ContextTables&) = default;

 private:
  static constexpr std::uint32_t kEven = kOne / 2 | kOne << 16;
  std::array<std::uint32_t, kContexts> ends_ = make_even();
  static constexpr std::array<std::uint32_t, kContexts> make_even() {
    std::array<std::uint32_t, kContexts> ends{};
    ends.fill(kEven);
    return ends;
  }
};

// How often each symbol came in each context.
using ContextCounts = std::array<std::array<std::uint64_t, 3>, ContextTables::kContexts>;

class ContextEncoder {
 public:
  explicit ContextEncoder(const ContextTables& tables);

  // Room for the contexts and symbols of a pass, to be filled in before the next call. Symbols are only those
  // that their context has.
  struct Pass {
    std::span<std::uint8_t> contexts, symbols;
  };
  [[nodiscard]] Pass add_pass(std::size_t count);

  // Appends log2 of the states, the states and the words; ready for another stream.
  void finish(Bytes& out);
  // Counts instead of writing; ready for another stream.
  void count(ContextCounts& counts);

 private:
  // How a state takes a symbol: state + bias + state / frequency * complement, after a word where it has
  // `limit`.
  struct Step {
    std::uint64_t reciprocal = 0;
    std::uint32_t limit = 0, bias = 0, complement = 0;
  };
  [[nodiscard]] static Step make_step(std::uint32_t start, std::uint32_t frequency);
  template <std::size_t kStates>
  void write(Bytes& out);
  void clear();

  std::array<std::array<Step, 4>, ContextTables::kContexts> steps_;  // [context][symbol]
  rans::ContextRanges ranges_;
  std::vector<std::uint8_t> contexts_, symbols_;
  std::vector<std::size_t> ends_;  // of passes
  Bytes words_;                    // working memory, filled from its end
};

class ContextDecoder {
 public:
  // `tables` and `coded` must outlive the decoder.
  [[nodiscard]] static Result<ContextDecoder> open(const ContextTables& tables, ByteView coded);

  // As many symbols as contexts.
  [[nodiscard]] Result<void> decode_pass(std::span<const std::uint8_t> contexts,
                                         std::span<std::uint8_t> symbols);
  // Whether symbols and bytes ended together.
  [[nodiscard]] Result<void> close() const { return reader_.close(); }

 private:
  ContextDecoder(const ContextTables& tables, const rans::Reader& reader)
      : tables_(&tables), reader_(reader) {}

  const ContextTables* tables_;
  rans::Reader reader_;
};

}  // namespace kvferry
