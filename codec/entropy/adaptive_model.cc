// SPDX-License-Identifier: MIT
#include "codec/entropy/adaptive_model.h"

#include <algorithm>
#include <bit>
#include <cstdlib>

namespace kvferry {
namespace {

constexpr std::int32_t kOne = 1 << AdaptiveDistribution::kBits;
constexpr std::size_t kSpreads = 10;
// Mean distances, in 256ths of a step's values, from which the next spread begins: half an octave each.
constexpr std::array<std::int32_t, kSpreads - 1> kSpreadFrom = {85, 121, 170, 241, 341, 482, 682, 964, 1363};
// How much rarer each value is than its neighbour nearer to the middle, at first, in 256ths.
constexpr std::array<std::uint32_t, kSpreads> kDecay = {5, 15, 35, 62, 94, 126, 155, 179, 199, 214};

using Begins = std::array<std::int16_t, AdaptiveDistribution::kMaxValues>;

// Where values want to begin after one was coded: those above it, by the number of values, ...
constexpr auto make_above() {
  std::array<Begins, AdaptiveDistribution::kMaxValues + 1> above{};
  for (std::size_t values = 0; values < above.size(); ++values) {
    for (std::size_t i = 0; i < above[values].size(); ++i) {
      const auto left = static_cast<std::int32_t>(values) - static_cast<std::int32_t>(i);
      const std::int32_t begin = left > 0 ? kOne - left * AdaptiveDistribution::kFloor : kOne - 1;
      above[values][i] = static_cast<std::int16_t>(begin);
    }
  }
  return above;
}
constexpr auto kAbove = make_above();

// ... and the others, every `step`.
constexpr Begins make_multiples(int step) {
  Begins multiples{};
  for (std::size_t i = 0; i < multiples.size(); ++i) {
    multiples[i] = static_cast<std::int16_t>(static_cast<int>(i) * step);
  }
  return multiples;
}
constexpr Begins kBelow = make_multiples(AdaptiveDistribution::kFloor);
constexpr Begins kIndex = make_multiples(1);

std::array<std::uint32_t, AdaptiveDistribution::kMaxValues> peaked(std::size_t values, std::uint32_t decay) {
  std::array<std::uint32_t, AdaptiveDistribution::kMaxValues> weights{};
  const std::size_t middle = values / 2;
  weights[middle] = 1U << 16;
  for (std::size_t i = middle; i > 0; --i) weights[i - 1] = weights[i] * decay >> 8;
  for (std::size_t i = middle; i + 1 < values; ++i) weights[i + 1] = weights[i] * decay >> 8;
  return weights;
}

std::array<std::uint32_t, AdaptiveDistribution::kMaxValues> flat() {
  std::array<std::uint32_t, AdaptiveDistribution::kMaxValues> weights{};
  weights.fill(1);
  return weights;
}

}  // namespace

AdaptiveDistribution::AdaptiveDistribution(const std::array<std::uint32_t, kMaxValues>& weights,
                                           std::size_t values)
    : values_(values) {
  std::uint64_t sum = 0, so_far = 0;
  for (std::size_t i = 0; i < values; ++i) sum += weights[i];
  const std::uint64_t shared = static_cast<std::uint64_t>(kOne) - values * kFloor;
  for (std::size_t i = 0; i < kMaxValues; ++i) {
    begin_[i] = static_cast<std::int16_t>(i < values ? i * kFloor + so_far * shared / sum : kOne - 1);
    if (i < values) so_far += weights[i];
  }
}

std::size_t AdaptiveDistribution::find(std::uint32_t slot) const {
  const auto at = static_cast<std::int16_t>(slot);
  std::uint16_t not_above = 0;
  for (const std::int16_t begin : begin_) not_above = static_cast<std::uint16_t>(not_above + (begin <= at));
  return std::min<std::size_t>(not_above, values_) - 1;
}

void AdaptiveDistribution::learn(std::size_t value) {
  const int rate = 6 + (learnt_ > 64) + (learnt_ > 512);
  ++learnt_;
  const std::int32_t factor = 1 << (16 - rate);
  const auto& above = kAbove[values_];
  const auto coded = static_cast<std::int16_t>(value);
  for (std::size_t i = 0; i < kMaxValues; ++i) {
    const std::int16_t if_above = above[i], if_below = kBelow[i];
    const std::int16_t target = kIndex[i] > coded ? if_above : if_below;
    const auto away = static_cast<std::int16_t>(target - begin_[i]);
    begin_[i] = static_cast<std::int16_t>(begin_[i] + ((away * factor) >> 16));  // away >> rate, by vectors
  }
}

AdaptiveModel::AdaptiveModel(std::size_t alphabet, std::size_t columns)
    : alphabet_(static_cast<std::uint32_t>(alphabet)) {
  const auto width = static_cast<unsigned>(std::bit_width(alphabet - 1));
  low_bits_ = width > 5 ? width - 5 : 0;
  const std::size_t highs = ((alphabet - 1) >> low_bits_) + 1;
  for (const std::uint32_t decay : kDecay) high_.emplace_back(peaked(highs, decay), highs);
  if (low_bits_ > 0) low_.assign(highs, AdaptiveDistribution(flat(), std::size_t{1} << low_bits_));
  Column first{static_cast<std::int32_t>(128 * (alphabet - 1)), static_cast<std::int32_t>(34 * alphabet), 0,
               0};
  expect(first);
  columns_.assign(columns, first);
}

std::size_t AdaptiveModel::distance(std::size_t column, std::uint8_t symbol) const {
  return modulo(symbol + alphabet_ + alphabet_ / 2 - columns_[column].expected);
}

std::uint8_t AdaptiveModel::symbol(std::size_t column, std::size_t distance) const {
  const auto up = static_cast<std::uint32_t>(distance) + columns_[column].expected;
  return static_cast<std::uint8_t>(modulo(up + alphabet_ - alphabet_ / 2));
}

// Of a sum below three alphabets.
std::uint32_t AdaptiveModel::modulo(std::uint32_t sum) const {
  if (sum >= alphabet_) sum -= alphabet_;
  return sum >= alphabet_ ? sum - alphabet_ : sum;
}

void AdaptiveModel::learn(std::size_t row, std::size_t column, std::uint8_t symbol) {
  Column& c = columns_[column];
  const std::int32_t away = 256 * symbol - c.mean;
  if (row == 0) {
    c.mean = 256 * symbol;
  } else {
    const int rate = 1 + (row > 1) + (row > 3) + (row > 11);
    c.deviation += (std::abs(away) - c.deviation) >> rate;
    c.mean += away >> rate;
  }
  expect(c);
}

void AdaptiveModel::expect(Column& column) const {
  column.expected = static_cast<std::uint32_t>(column.mean + 128) >> 8;
  column.spread = 0;
  for (const std::int32_t from : kSpreadFrom) column.spread += (column.deviation >> low_bits_) >= from;
}

}  // namespace kvferry
