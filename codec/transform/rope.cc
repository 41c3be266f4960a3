// SPDX-License-Identifier: MIT
#include "codec/transform/rope.h"

#include <cassert>
#include <cmath>

namespace kvferry {
namespace {

// base^(-numerator / denominator) for a fraction below 1: a factor base^(-2^-k) for every bit k of
// the fraction, each factor the square root of the one before. Beyond bit 53 they round to 1.
double inverse_power(double base, std::size_t numerator, std::size_t denominator) {
  double power = 1.0;
  double factor = 1.0 / base;
  std::size_t rest = numerator;
  for (int bit = 1; bit <= 53 && rest != 0; ++bit) {
    factor = std::sqrt(factor);
    rest *= 2;
    if (rest >= denominator) {
      rest -= denominator;
      power *= factor;
    }
  }
  return power;
}

struct Turn {
  double cosine, sine;
};

// The angle is in [0, 2^24). It is brought to within pi / 4 of a whole number of quarter turns; then
// both are Taylor sums up to the 14th power, within 1e-13.
Turn turn_of(double angle) {
  constexpr double kQuartersPerRadian = 0x1.45f306dc9c883p-1;
  // A quarter turn, pi / 2, in three parts: 27 bits, 25 more, and the rest. Products with the first two are
  // exact.
  constexpr double kQuarter[] = {0x1.921fb54p0, 0x1.10b461p-30, 0x1.a62633145c06ep-58};
  const std::int64_t quarters = std::llrint(angle * kQuartersPerRadian);
  const auto count = static_cast<double>(quarters);
  const double x = ((angle - count * kQuarter[0]) - count * kQuarter[1]) - count * kQuarter[2];
  const double square = x * x;
  double cosine = 1.0;
  for (int n = 14; n > 0; n -= 2) cosine = 1.0 - square * (1.0 / (n * (n - 1))) * cosine;
  double sine = 1.0;
  for (int n = 13; n > 1; n -= 2) sine = 1.0 - square * (1.0 / (n * (n - 1))) * sine;
  sine = x * sine;
  const Turn within = quarters % 2 == 0 ? Turn{cosine, sine} : Turn{-sine, cosine};
  return quarters % 4 < 2 ? within : Turn{-within.cosine, -within.sine};
}

// first and second become the pair turned by the angle whose cosine and sine are given.
void turn_pairs(const float* cosines, const float* sines, std::size_t pairs, float* first, float* second) {
  for (std::size_t i = 0; i < pairs; ++i) {
    const float a = first[i];
    const float b = second[i];
    first[i] = a * cosines[i] - b * sines[i];
    second[i] = b * cosines[i] + a * sines[i];
  }
}

void turn_pairs_back(const float* cosines, const float* sines, std::size_t pairs, float* first,
                     float* second) {
  for (std::size_t i = 0; i < pairs; ++i) {
    const float a = first[i];
    const float b = second[i];
    first[i] = a * cosines[i] + b * sines[i];
    second[i] = b * cosines[i] - a * sines[i];
  }
}

}  // namespace

std::vector<double> rope_frequencies(std::size_t head_dim, double theta) {
  std::vector<double> frequencies(head_dim / 2);
  for (std::size_t i = 0; i < frequencies.size(); ++i) {
    frequencies[i] = inverse_power(theta, i, frequencies.size());
  }
  return frequencies;
}

RopeTable::RopeTable(std::span<const std::int32_t> positions, std::size_t head_dim, double theta)
    : rows_(positions.size()), pairs_(head_dim / 2), cosines_(rows_ * pairs_), sines_(rows_ * pairs_) {
  assert(head_dim % 2 == 0);
  const std::vector<double> frequencies = rope_frequencies(head_dim, theta);
  for (std::size_t row = 0; row < rows_; ++row) {
    for (std::size_t i = 0; i < pairs_; ++i) {
      const Turn turn = turn_of(static_cast<double>(positions[row]) * frequencies[i]);
      cosines_[row * pairs_ + i] = static_cast<float>(turn.cosine);
      sines_[row * pairs_ + i] = static_cast<float>(turn.sine);
    }
  }
}

void RopeTable::undo(float* key, std::size_t first_row, std::size_t rows, std::size_t heads) const {
  assert(first_row + rows <= rows_);
  for (std::size_t i = 0; i < rows * heads; ++i, key += 2 * pairs_) {
    const std::size_t at = (first_row + i / heads) * pairs_;
    turn_pairs_back(&cosines_[at], &sines_[at], pairs_, key, key + pairs_);
  }
}

void RopeTable::redo(float* key, std::size_t first_row, std::size_t rows, std::size_t heads) const {
  assert(first_row + rows <= rows_);
  for (std::size_t i = 0; i < rows * heads; ++i, key += 2 * pairs_) {
    const std::size_t at = (first_row + i / heads) * pairs_;
    turn_pairs(&cosines_[at], &sines_[at], pairs_, key, key + pairs_);
  }
}

void undo_rope(float* key, std::span<const std::int32_t> positions, std::size_t heads, std::size_t head_dim,
               double theta) {
  RopeTable(positions, head_dim, theta).undo(key, 0, positions.size(), heads);
}

void redo_rope(float* key, std::span<const std::int32_t> positions, std::size_t heads, std::size_t head_dim,
               double theta) {
  RopeTable(positions, head_dim, theta).redo(key, 0, positions.size(), heads);
}

}  // namespace kvferry
