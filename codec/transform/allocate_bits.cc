// SPDX-License-Identifier: MIT
#include "codec/transform/allocate_bits.h"

#include <algorithm>
#include <array>
#include <functional>
#include <numeric>

namespace kvferry {
namespace {

constexpr std::array<double, kMaxComponentBits + 1> kErrorShare = {
    1.0, 0x1p-2, 0x1p-4, 0x1p-6, 0x1p-8, 0x1p-10, 0x1p-12, 0x1p-14, 0x1p-16};  // 4^-bits

// One component more: least[b] is the least error of the components so far within b bits. Returns
// the bits of this component for every b.
std::vector<std::uint8_t> extend(double variance, std::vector<double>& least) {
  std::vector<std::uint8_t> choice(least.size());
  for (std::size_t budget = least.size(); budget-- > 0;) {
    double best = least[budget] + variance;
    for (std::size_t bits = 1; bits <= std::min<std::size_t>(budget, kMaxComponentBits); ++bits) {
      const double error = least[budget - bits] + variance * kErrorShare[bits];
      if (error < best) {
        best = error;
        choice[budget] = static_cast<std::uint8_t>(bits);
      }
    }
    least[budget] = best;
  }
  return choice;
}

// The same numbers of bits, most to the greatest variance: never worse, and settles what sums in
// double could not tell apart.
void sort_by_variance(std::span<const float> variance, std::vector<std::uint8_t>& bits) {
  std::vector<std::size_t> order(bits.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [variance](std::size_t a, std::size_t b) { return variance[a] > variance[b]; });
  std::vector<std::uint8_t> descending = bits;
  std::sort(descending.begin(), descending.end(), std::greater<>());
  for (std::size_t i = 0; i < order.size(); ++i) bits[order[i]] = descending[i];
}

}  // namespace

std::vector<std::uint8_t> allocate_bits(std::span<const float> variance, std::size_t budget) {
  std::size_t left = std::min(budget, variance.size() * kMaxComponentBits);
  std::vector<double> least(left + 1, 0.0);
  std::vector<std::vector<std::uint8_t>> choices;  // [component][bits so far]
  choices.reserve(variance.size());
  for (const float each : variance) choices.push_back(extend(static_cast<double>(each), least));
  std::vector<std::uint8_t> bits(variance.size());
  for (std::size_t i = variance.size(); i-- > 0;) {
    bits[i] = choices[i][left];
    left -= bits[i];
  }
  sort_by_variance(variance, bits);
  return bits;
}

}  // namespace kvferry
