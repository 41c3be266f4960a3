// SPDX-License-Identifier: MIT
//
// Bits by token. Every row starts at 2 bits and may take three steps, to 4, 8 and 16 bits;
// a step costs 1, 2 or 4 units of two bits. As each size divides the next, the best choice
// under a budget is found without search: where the budget is odd in units of a size, one
// step of that size fits nowhere else, so take the best; then steps of that size go in pairs
// and compete with the steps of the next. A row's steps grow in cost and fall in gain, so
// none is ever taken before the smaller ones.
#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "codec/allocate/allocate.h"
#include "codec/select/row_hash.h"

namespace kvferry {
namespace {

constexpr std::array<std::uint8_t, 4> kBits = {2, 4, 8, 16};
constexpr std::size_t kSteps = kBits.size() - 1;
constexpr std::size_t kSinks = 4;
constexpr std::uint32_t kNone = 0xffffffffU;

// A step of a row, or a pair of items of half its size.
struct Item {
  double gain = 0;
  std::uint32_t row = kNone;            // of a step
  std::array<std::uint32_t, 2> half{};  // of a pair; the second may be kNone
};

class Allocation {
 public:
  Allocation(std::span<const float> weights, std::size_t budget) : steps_(weights.size()) {
    std::vector<std::uint32_t> candidates;
    for (std::size_t size = 0; size < kSteps; ++size) {
      add_steps(weights, size, candidates);
      const bool last = size + 1 == kSteps;
      const std::size_t alone = std::min(last ? budget : budget % 2, candidates.size());
      for (std::size_t i = 0; i < alone; ++i) take(candidates[i]);
      if (last) return;
      candidates.erase(candidates.begin(), candidates.begin() + static_cast<std::ptrdiff_t>(alone));
      pair(candidates);
      budget /= 2;
    }
  }

  [[nodiscard]] std::vector<std::uint8_t> bits() const {
    std::vector<std::uint8_t> bits;
    bits.reserve(steps_.size());
    for (const std::uint8_t steps : steps_) bits.push_back(kBits[steps]);
    return bits;
  }

 private:
  // Adds the rows' steps to kBits[size + 1] and sorts: highest gain first, then as they came.
  void add_steps(std::span<const float> weights, std::size_t size, std::vector<std::uint32_t>& candidates) {
    const double less = std::pow(0.25, kBits[size]) - std::pow(0.25, kBits[size + 1]);
    for (std::uint32_t row = 0; row < weights.size(); ++row) {
      if (weights[row] > 0) candidates.push_back(add({static_cast<double>(weights[row]) * less, row, {}}));
    }
    std::stable_sort(candidates.begin(), candidates.end(),
                     [this](std::uint32_t a, std::uint32_t b) { return items_[a].gain > items_[b].gain; });
  }

  void pair(std::vector<std::uint32_t>& candidates) {
    std::vector<std::uint32_t> pairs;
    for (std::size_t i = 0; i < candidates.size(); i += 2) {
      const std::uint32_t second = i + 1 < candidates.size() ? candidates[i + 1] : kNone;
      const double more = second == kNone ? 0 : items_[second].gain;
      pairs.push_back(add({items_[candidates[i]].gain + more, kNone, {candidates[i], second}}));
    }
    candidates = std::move(pairs);
  }

  void take(std::uint32_t index) {
    if (index == kNone) return;
    const Item item = items_[index];
    if (item.row != kNone) {
      ++steps_[item.row];
      return;
    }
    for (const std::uint32_t half : item.half) take(half);
  }

  std::uint32_t add(Item item) {
    items_.push_back(item);
    return static_cast<std::uint32_t>(items_.size() - 1);
  }

  std::vector<Item> items_;
  std::vector<std::uint8_t> steps_;  // taken, of each row
};

Error bad(const char* what, std::size_t row, const char* expected) {
  return {std::string("allocate: ") + what + " of row " + std::to_string(row) + " is not " + expected};
}

}  // namespace

Result<std::vector<float>> token_weights(TokenWeight weight, std::size_t n, std::span<const float> attention,
                                         std::uint64_t seed) {
  std::vector<float> weights(n, 1.0F);
  if (weight == TokenWeight::kAttention && attention.size() != n) {
    return Error{"allocate: " + std::to_string(attention.size()) + " scores, expected " + std::to_string(n) +
                 " (one for each row)"};
  }
  for (std::size_t row = 0; row < n; ++row) {
    if (weight == TokenWeight::kAttention) {
      if (!std::isfinite(attention[row])) return bad("score", row, "a finite number");
      weights[row] = std::max(attention[row], 0.0F);
    } else if (weight == TokenWeight::kPosition && row >= kSinks) {
      weights[row] = 1.0F / static_cast<float>(n - row);
    } else if (weight == TokenWeight::kRandom) {
      weights[row] = static_cast<float>(0x1p53 / (static_cast<double>(hash_row(seed, row) >> 11) + 1.0));
    }
  }
  return weights;
}

Result<std::vector<std::uint8_t>> token_bits(std::span<const float> weights, double mean_bits) {
  if (!(mean_bits >= kBits.front() && mean_bits <= kBits.back())) {
    return Error{"allocate: mean bits are not in 2 to 16"};
  }
  for (std::size_t row = 0; row < weights.size(); ++row) {
    if (!std::isfinite(weights[row]) || weights[row] < 0) return bad("weight", row, "a number from 0");
  }
  const double spare = (mean_bits - kBits.front()) * static_cast<double>(weights.size());
  return Allocation(weights, static_cast<std::size_t>(spare / 2)).bits();
}

}  // namespace kvferry
