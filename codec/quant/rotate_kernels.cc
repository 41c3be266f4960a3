// SPDX-License-Identifier: MIT
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "codec/quant/rotate_kernels.cc"
#include "hwy/foreach_target.h"
// The order matters: foreach_target first.
#include <algorithm>
#include <cmath>
#include <utility>

#include "codec/quant/half_lanes-inl.h"
#include "codec/quant/kernels.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace kvferry::HWY_NAMESPACE {
namespace {

// At most as many lanes as there are partial sums.
using FloatTag = hn::CappedTag<float, kPartialSums>;

float sum_of_squares(const float* x, std::size_t n) {
  const FloatTag df;
  const std::size_t lanes = hn::Lanes(df);
  const std::size_t whole = n - n % kPartialSums;
  alignas(64) float sums[kPartialSums];
  for (std::size_t j = 0; j < kPartialSums; j += lanes) {
    auto sum = hn::Zero(df);
    for (std::size_t i = 0; i < whole; i += kPartialSums) {
      const auto value = hn::LoadU(df, x + i + j);
      sum = hn::Add(sum, hn::Mul(value, value));
    }
    hn::Store(sum, df, sums + j);
  }
  for (std::size_t i = whole; i < n; ++i) sums[i - whole] += x[i] * x[i];
  for (std::size_t half = kPartialSums / 2; half > 0; half /= 2) {
    for (std::size_t j = 0; j < half; ++j) sums[j] += sums[j + half];
  }
  return sums[0];
}

// n is a power of two. Each pass takes neighbours (2i, 2i + 1) to i and i + n / 2, which
// turns the index by one bit: after all passes the numbers stand in order, and the butterflies
// were those at distance 1, 2, 4 .. of the transform in place.
void walsh_hadamard(float* x, float* work, std::size_t n) {
  const std::size_t half = n / 2;
  float* from = x;
  float* to = work;
  for (std::size_t distance = 1; distance < n; distance *= 2) {
    std::size_t i = 0;
#if HWY_TARGET != HWY_SCALAR
    const FloatTag df;
    const std::size_t lanes = hn::Lanes(df);
    for (; i + lanes <= half; i += lanes) {
      const auto first = hn::LoadU(df, from + 2 * i);
      const auto second = hn::LoadU(df, from + 2 * i + lanes);
      const auto even = hn::ConcatEven(df, second, first);
      const auto odd = hn::ConcatOdd(df, second, first);
      hn::StoreU(hn::Add(even, odd), df, to + i);
      hn::StoreU(hn::Sub(even, odd), df, to + half + i);
    }
#endif
    for (; i < half; ++i) {
      to[i] = from[2 * i] + from[2 * i + 1];
      to[half + i] = from[2 * i] - from[2 * i + 1];
    }
    std::swap(from, to);
  }
  if (from != x) std::copy_n(from, n, x);
}

void transform_pieces(float* x, float* work, std::size_t n) {
  for (std::size_t begin = 0; begin < n;) {
    const std::size_t piece = first_piece(n - begin);
    walsh_hadamard(x + begin, work, piece);
    begin += piece;
  }
}

void flip_signs(const Rotation& rotation, const float* from, float* to) {
  const FloatTag df;
  const hn::RebindToUnsigned<FloatTag> du;
  const std::size_t lanes = hn::Lanes(df);
  const std::size_t n = rotation.head_dim();
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto signs = hn::BitCast(df, hn::LoadU(du, rotation.signs.data() + i));
    hn::StoreU(hn::Xor(hn::LoadU(df, from + i), signs), df, to + i);
  }
  for (; i < n; ++i) {
    to[i] = std::bit_cast<float>(std::bit_cast<std::uint32_t>(from[i]) ^ rotation.signs[i]);
  }
}

// levels[symbol] of one vector.
template <class DF>
HWY_INLINE hn::Vec<DF> look_up(DF df, const LloydMax& table, hn::Vec<hn::RebindToSigned<DF>> symbols) {
  if (table.size() > hn::Lanes(df)) return hn::GatherIndex(df, table.levels.data(), symbols);
  return hn::TableLookupLanes(hn::LoadU(df, table.levels.data()), hn::IndicesFromVec(df, symbols));
}

// How many thresholds are not above each number. Few are compared one after the other.
template <class DF>
HWY_INLINE hn::Vec<hn::RebindToSigned<DF>> count_thresholds(DF df, const LloydMax& table, hn::Vec<DF> x) {
  const hn::RebindToSigned<DF> di;
  auto symbol = hn::Zero(di);
  if (table.bits <= 4) {
    for (std::size_t t = 0; t + 1 < table.size(); ++t) {
      const auto reached = hn::Ge(x, hn::Set(df, table.thresholds[t]));
      symbol = hn::Sub(symbol, hn::BitCast(di, hn::VecFromMask(df, reached)));
    }
    return symbol;
  }
  for (std::int32_t step = 1 << (table.bits - 1); step > 0; step /= 2) {
    const auto place = hn::Add(symbol, hn::Set(di, step - 1));
    const auto reached = hn::Ge(x, hn::GatherIndex(df, table.thresholds.data(), place));
    symbol = hn::Add(symbol, hn::IfThenElseZero(hn::RebindMask(di, reached), hn::Set(di, step)));
  }
  return symbol;
}

// Turns n numbers into the levels of x · factor, and names these.
void to_levels(const LloydMax& table, float factor, std::size_t n, float* x, std::uint8_t* symbols) {
  const FloatTag df;
  const hn::Rebind<std::uint8_t, FloatTag> du8;
  const hn::RebindToUnsigned<FloatTag> du;
  const std::size_t lanes = hn::Lanes(df);
  const auto factors = hn::Set(df, factor);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto symbol = count_thresholds(df, table, hn::Mul(hn::LoadU(df, x + i), factors));
    hn::StoreU(hn::TruncateTo(du8, hn::BitCast(du, symbol)), du8, symbols + i);
    hn::StoreU(look_up(df, table, symbol), df, x + i);
  }
  for (; i < n; ++i) {
    symbols[i] = lloyd_max_symbol(table.thresholds.data(), table.bits, x[i] * factor);
    x[i] = table.levels[symbols[i]];
  }
}

void from_symbols(const LloydMax& table, const std::uint8_t* symbols, std::size_t n, float* x) {
  const FloatTag df;
  const hn::RebindToSigned<FloatTag> di;
  const hn::Rebind<std::uint8_t, FloatTag> du8;
  const std::size_t lanes = hn::Lanes(df);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    hn::StoreU(look_up(df, table, hn::PromoteTo(di, hn::LoadU(du8, symbols + i))), df, x + i);
  }
  for (; i < n; ++i) x[i] = table.levels[symbols[i]];
}

std::uint16_t rotate(const Rotation& rotation, const float* values, float* work, std::uint8_t* symbols) {
  const std::size_t n = rotation.head_dim();
  const LloydMax& table = *rotation.table;
  const float norm = std::sqrt(sum_of_squares(values, n));
  const float inverse = norm > kLeastNorm ? rotation.root_dim / norm : 0.0F;
  flip_signs(rotation, values, work);
  transform_pieces(work, work + n, n);
  for (std::size_t begin = 0; begin < n;) {
    const std::size_t piece = first_piece(n - begin);
    to_levels(table, inverse * piece_factor(piece), piece, work + begin, symbols + begin);
    begin += piece;
  }
  return stored_norm(norm, sum_of_squares(work, n));
}

void rotate_back(const Rotation& rotation, std::uint16_t norm, const std::uint8_t* symbols, float* work,
                 float* values) {
  const FloatTag df;
  const std::size_t n = rotation.head_dim();
  from_symbols(*rotation.table, symbols, n, work);
  transform_pieces(work, work + n, n);
  for (std::size_t begin = 0; begin < n;) {
    const std::size_t end = begin + first_piece(n - begin);
    const float factor = half_to_float(norm) * piece_factor(end - begin);
    std::size_t i = begin;
    for (; i + hn::Lanes(df) <= end; i += hn::Lanes(df)) {
      const auto value = hn::Mul(hn::LoadU(df, work + i), hn::Set(df, factor));
      hn::StoreU(hn::Min(hn::Max(value, hn::Set(df, -kHalfMax)), hn::Set(df, kHalfMax)), df, work + i);
    }
    for (; i < end; ++i) work[i] = clamp_to_half(work[i] * factor);
    begin = end;
  }
  flip_signs(rotation, work, values);
}

}  // namespace
}  // namespace kvferry::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kvferry {
HWY_EXPORT(rotate);
HWY_EXPORT(rotate_back);

namespace kernels {

std::uint16_t rotate(const Rotation& rotation, const float* values, float* work, std::uint8_t* symbols) {
  return HWY_DYNAMIC_DISPATCH(rotate)(rotation, values, work, symbols);
}

void rotate_back(const Rotation& rotation, std::uint16_t norm, const std::uint8_t* symbols, float* work,
                 float* values) {
  HWY_DYNAMIC_DISPATCH(rotate_back)(rotation, norm, symbols, work, values);
}

}  // namespace kernels
}  // namespace kvferry
#endif
