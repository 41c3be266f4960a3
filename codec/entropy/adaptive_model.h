// SPDX-License-Identifier: MIT
//
// What adaptive coding expects of the next symbol. Whole numbers; part of the format (FORMAT.md).
//
// A symbol is coded as its distance from where its column's past puts it, in steps of at most 32
// values: large alphabets take a second step for the low bits. Each step has a distribution that
// moves towards what is coded with it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace kvferry {

// Cumulative frequencies of up to 32 values, out of 2^15.
class AdaptiveDistribution {
 public:
  static constexpr unsigned kBits = 15;
  static constexpr std::size_t kMaxValues = 32;
  static constexpr int kFloor = 32;  // no frequency falls below

  // Weights a value has at first, relative to each other; `values` of them.
  AdaptiveDistribution(const std::array<std::uint32_t, kMaxValues>& weights, std::size_t values);

  [[nodiscard]] std::uint32_t start(std::size_t value) const {
    return static_cast<std::uint32_t>(begin_[value]);
  }
  [[nodiscard]] std::uint32_t frequency(std::size_t value) const {
    return (value + 1 == values_ ? 1U << kBits : static_cast<std::uint32_t>(begin_[value + 1])) -
           start(value);
  }
  // The value in whose range the slot (below 2^kBits) lies.
  [[nodiscard]] std::size_t find(std::uint32_t slot) const;
  void learn(std::size_t value);

 private:
  // begin_[0] is 0, and from `values` on 2^15 - 1, whatever is learnt: arrays of full length make vectors.
  alignas(64) std::array<std::int16_t, kMaxValues> begin_{};
  std::size_t values_;
  std::uint32_t learnt_ = 0;
};

// The columns of one block.
class AdaptiveModel {
 public:
  AdaptiveModel(std::size_t alphabet, std::size_t columns);

  // 1, or 2 for alphabets beyond 32.
  [[nodiscard]] std::size_t steps() const { return low_bits_ == 0 ? 1 : 2; }
  [[nodiscard]] unsigned low_bits() const { return low_bits_; }

  // The distance of a symbol from what is expected in the column, 0 .. alphabet - 1, the middle being none;
  // and back.
  [[nodiscard]] std::size_t distance(std::size_t column, std::uint8_t symbol) const;
  [[nodiscard]] std::uint8_t symbol(std::size_t column, std::size_t distance) const;

  // Distributions of a distance's high bits in this column, and of its low bits after them.
  [[nodiscard]] AdaptiveDistribution& high(std::size_t column) { return high_[columns_[column].spread]; }
  [[nodiscard]] AdaptiveDistribution& low(std::size_t high_bits) { return low_[high_bits]; }

  // To be called for every symbol, in order.
  void learn(std::size_t row, std::size_t column, std::uint8_t symbol);

 private:
  struct Column {
    std::int32_t mean, deviation;  // of its symbols, in 256ths
    std::uint32_t expected, spread;
  };
  void expect(Column& column) const;
  [[nodiscard]] std::uint32_t modulo(std::uint32_t sum) const;

  std::uint32_t alphabet_;
  unsigned low_bits_;
  std::vector<AdaptiveDistribution> high_;  // [spread]
  std::vector<AdaptiveDistribution> low_;   // [high bits]
  std::vector<Column> columns_;
};

}  // namespace kvferry
