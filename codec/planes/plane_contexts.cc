// SPDX-License-Identifier: MIT
#include "codec/planes/plane_contexts.h"

#include <algorithm>
#include <array>

#include "codec/planes/plane_kernels.h"

namespace kvferry {
namespace {

using plane_context::kLeastSpread;
using plane_context::kLoudness;
using plane_context::kMostSpread;
using plane_context::kRefine;
using plane_context::kSpreads;

// 4096 P(|N(0, 1)| >= step / deviation) where the deviation is 2^(s / 2) steps, s = kLeastSpread ...
constexpr std::array<std::uint32_t, kSpreads> kTail = {0,    0,    0,    0,    0,    19,   186,  644,
                                                       1300, 1964, 2528, 2964, 3287, 3521, 3689, 3808};
constexpr std::uint32_t kTailOne = 4096;

std::size_t spread_class(int spread, int plane) {
  return static_cast<std::size_t>(std::clamp(spread + 2 * plane, kLeastSpread, kMostSpread) - kLeastSpread);
}

// Whether there were fewer (0), about as many (1) or more (2) coefficients that are not 0 than expected.
std::size_t loudness(std::uint32_t count, std::uint32_t expected) {
  const std::uint64_t have = std::uint64_t{kTailOne} * (count + 1);
  const std::uint64_t want = std::uint64_t{kTailOne} + expected;
  if (4 * have < 3 * want) return 0;
  return 3 * have > 4 * want ? 2 : 1;
}

}  // namespace

const PassContexts::Expected& PassContexts::expect(std::int32_t plane, std::span<const std::int8_t> spread,
                                                   std::size_t active) {
  for (const Expected& known : expected_) {
    if (known.plane == plane) return known;
  }
  Expected made;
  made.plane = plane;
  made.spread_class.resize(active);
  made.tail.resize(active);
  for (std::size_t k = 0; k < active; ++k) {
    made.spread_class[k] = static_cast<std::uint8_t>(spread_class(spread[k], plane));
    made.tail[k] = kTail[spread_class(spread[k], plane - 1)];
    made.tail_sum += made.tail[k];
  }
  expected_.push_back(std::move(made));
  return expected_.back();
}

void PassContexts::measure_columns(const PlaneTensor& tensor, std::span<const PassRow> rows,
                                   std::span<const std::int8_t> spread) {
  const std::size_t active = tensor.active;
  column_count_.assign(active, 0);
  column_tail_.assign(active, 0);
  for (const PassRow& row : rows) {
    if (row.is_first) continue;
    const std::uint32_t* magnitude = tensor.magnitude.data() + row.row * tensor.rank;
    const std::uint32_t* tail = expect(row.plane, spread, active).tail.data();
    plane_kernels::add_column(magnitude, tail, active, column_count_.data(), column_tail_.data());
  }
  column_class_.resize(active);
  for (std::size_t k = 0; k < active; ++k) {
    const std::size_t of_column = loudness(column_count_[k], column_tail_[k]);
    column_class_[k] = static_cast<std::uint8_t>(of_column * kSpreads * kLoudness);
  }
}

void PassContexts::make(const PlaneTensor& tensor, std::span<const PassRow> rows,
                        std::span<const std::int8_t> spread, std::uint8_t* out) {
  expected_.clear();
  measure_columns(tensor, rows, spread);
  const std::size_t active = tensor.active;
  for (const PassRow& row : rows) {
    const std::uint32_t* magnitude = tensor.magnitude.data() + row.row * tensor.rank;
    const Expected& expected = expect(row.plane, spread, active);
    const std::size_t of_row =
        row.is_first ? 1 : loudness(plane_kernels::count_nonzero(magnitude, active), expected.tail_sum);
    plane_kernels::make_contexts(magnitude, expected.spread_class.data(), column_class_.data(),
                                 static_cast<std::uint8_t>(of_row * kSpreads),
                                 static_cast<std::uint8_t>(kRefine), active, out);
    out += active;
  }
}

void apply_symbols(std::span<const PassRow> rows, const std::uint8_t* symbols, PlaneTensor& tensor) {
  const std::size_t active = tensor.active;
  for (const PassRow& row : rows) {
    std::uint32_t* magnitude = tensor.magnitude.data() + row.row * tensor.rank;
    std::uint8_t* negative = tensor.negative.data() + row.row * tensor.rank;
    plane_kernels::put_bits(symbols, active, magnitude, negative);
    symbols += active;
  }
}

}  // namespace kvferry
