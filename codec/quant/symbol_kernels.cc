// SPDX-License-Identifier: MIT
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "codec/quant/symbol_kernels.cc"
#include "hwy/foreach_target.h"
// The order matters: foreach_target first.
#include "codec/quant/half_lanes-inl.h"
#include "codec/quant/kernels.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace kvferry::HWY_NAMESPACE {
namespace {

template <class DF>
HWY_INLINE void store_number(DF df, hn::Vec<DF> value, float* to) {
  hn::StoreU(value, df, to);
}
template <class DF>
HWY_INLINE void store_number(DF df, hn::Vec<DF> value, std::uint16_t* to) {
  store_half(df, value, to);
}
void store_number(float value, float* to) { *to = value; }
void store_number(float value, std::uint16_t* to) { *to = float_to_half(value); }

// A rule as vectors.
template <class DF>
struct Lanes {
  using V = hn::Vec<DF>;
  using DI = hn::RebindToSigned<DF>;

  HWY_INLINE explicit Lanes(const UniformRule& rule)
      : lowest(hn::Set(DF(), rule.lowest)),
        highest(hn::Set(DF(), rule.highest)),
        offset(hn::Set(DI(), static_cast<std::int32_t>(rule.offset) - kRoundingShiftBits)) {}

  HWY_INLINE void symbols(V x, V zero, V inverse, std::uint8_t* to) const {
    const DF df;
    const DI di;
    const auto exact = hn::Mul(hn::Sub(x, zero), inverse);
    const auto steps = hn::Min(hn::Max(exact, lowest), highest);
    const auto rounded = hn::BitCast(di, hn::Add(steps, hn::Set(df, kRoundingShift)));
    const hn::Rebind<std::uint8_t, DF> du8;
    const hn::RebindToUnsigned<DF> du;
    hn::StoreU(hn::TruncateTo(du8, hn::BitCast(du, hn::Add(rounded, offset))), du8, to);
  }

  V lowest, highest;
  hn::Vec<DI> offset;
};

void symbols_by_column(const UniformRule& rule, DType dtype, const void* data, std::size_t n,
                       const float* zero, const float* inverse, std::uint8_t* symbols) {
  visit_source(dtype, data, [=, &rule](auto source, const auto* x) HWY_ATTR {
    const hn::ScalableTag<float> df;
    const Lanes<hn::ScalableTag<float>> lanes(rule);
    const std::size_t step = hn::Lanes(df);
    std::size_t c = 0;
    for (; c + step <= n; c += step) {
      lanes.symbols(source.load(df, x + c), hn::LoadU(df, zero + c), hn::LoadU(df, inverse + c), symbols + c);
    }
    for (; c < n; ++c) symbols[c] = to_symbol(rule, source.one(x[c]), zero[c], inverse[c]);
  });
}

template <class DF, class Source>
HWY_INLINE void symbols_of_run(DF df, const Lanes<DF>& lanes, const UniformRule& rule, Source source,
                               const typename Source::Element* x, std::size_t n, float zero, float inverse,
                               std::uint8_t* symbols) {
  const std::size_t step = hn::Lanes(df);
  const auto zeros = hn::Set(df, zero);
  const auto inverses = hn::Set(df, inverse);
  const std::size_t whole = n - n % step;
  std::size_t i = 0;
  for (; i < whole; i += step) lanes.symbols(source.load(df, x + i), zeros, inverses, symbols + i);
  for (; i < n; ++i) symbols[i] = to_symbol(rule, source.one(x[i]), zero, inverse);
}

void symbols_by_run(const UniformRule& rule, DType dtype, const void* data, std::size_t n, std::size_t run,
                    const float* zero, const float* inverse, std::uint8_t* symbols) {
  visit_source(dtype, data, [=, &rule](auto source, const auto* x) HWY_ATTR {
    using Whole = hn::ScalableTag<float>;
    using Small = hn::CappedTag<float, 8>;
    const Lanes<Whole> whole(rule);
    const Lanes<Small> small(rule);
    for (std::size_t i = 0, r = 0; i < n; i += run, ++r) {
      const std::size_t length = HWY_MIN(run, n - i);
      if (length < hn::Lanes(Whole())) {
        symbols_of_run(Small(), small, rule, source, x + i, length, zero[r], inverse[r], symbols + i);
      } else {
        symbols_of_run(Whole(), whole, rule, source, x + i, length, zero[r], inverse[r], symbols + i);
      }
    }
  });
}

template <class DF>
HWY_INLINE hn::Vec<DF> number(DF df, hn::Vec<DF> offset, const std::uint8_t* symbols, hn::Vec<DF> zero,
                              hn::Vec<DF> step) {
  const hn::RebindToSigned<DF> di;
  const auto symbol = hn::PromoteTo(di, hn::LoadU(hn::Rebind<std::uint8_t, DF>(), symbols));
  const auto product = hn::Mul(hn::Sub(hn::ConvertTo(df, symbol), offset), step);
  const auto sum = hn::Add(product, zero);
  return hn::Min(hn::Max(sum, hn::Set(df, -kHalfMax)), hn::Set(df, kHalfMax));
}

template <class Out>
void column_numbers(float offset, const std::uint8_t* symbols, std::size_t n, const float* zero,
                    const float* step, Out* out) {
  const hn::ScalableTag<float> df;
  const auto offsets = hn::Set(df, offset);
  const std::size_t lanes = hn::Lanes(df);
  std::size_t c = 0;
  for (; c + lanes <= n; c += lanes) {
    const auto value = number(df, offsets, symbols + c, hn::LoadU(df, zero + c), hn::LoadU(df, step + c));
    store_number(df, value, out + c);
  }
  for (; c < n; ++c) store_number(from_symbol(offset, symbols[c], zero[c], step[c]), out + c);
}

template <class DF, class Out>
HWY_INLINE void run_numbers(DF df, float offset, const std::uint8_t* symbols, std::size_t n, float zero,
                            float step, Out* out) {
  const std::size_t lanes = hn::Lanes(df);
  const auto offsets = hn::Set(df, offset);
  const auto zeros = hn::Set(df, zero);
  const auto steps = hn::Set(df, step);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    store_number(df, number(df, offsets, symbols + i, zeros, steps), out + i);
  }
  for (; i < n; ++i) store_number(from_symbol(offset, symbols[i], zero, step), out + i);
}

template <class Out>
void runs_numbers(float offset, const std::uint8_t* symbols, std::size_t n, std::size_t run,
                  const float* zero, const float* step, Out* out) {
  const hn::ScalableTag<float> whole;
  const hn::CappedTag<float, 8> small;
  for (std::size_t i = 0, r = 0; i < n; i += run, ++r) {
    const std::size_t length = HWY_MIN(run, n - i);
    if (length < hn::Lanes(whole)) {
      run_numbers(small, offset, symbols + i, length, zero[r], step[r], out + i);
    } else {
      run_numbers(whole, offset, symbols + i, length, zero[r], step[r], out + i);
    }
  }
}

void column_floats(float offset, const std::uint8_t* symbols, std::size_t n, const float* zero,
                   const float* step, float* out) {
  column_numbers(offset, symbols, n, zero, step, out);
}
void column_halves(float offset, const std::uint8_t* symbols, std::size_t n, const float* zero,
                   const float* step, std::uint16_t* out) {
  column_numbers(offset, symbols, n, zero, step, out);
}
void run_floats(float offset, const std::uint8_t* symbols, std::size_t n, std::size_t run, const float* zero,
                const float* step, float* out) {
  runs_numbers(offset, symbols, n, run, zero, step, out);
}
void run_halves(float offset, const std::uint8_t* symbols, std::size_t n, std::size_t run, const float* zero,
                const float* step, std::uint16_t* out) {
  runs_numbers(offset, symbols, n, run, zero, step, out);
}

}  // namespace
}  // namespace kvferry::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kvferry {
HWY_EXPORT(symbols_by_column);
HWY_EXPORT(symbols_by_run);
HWY_EXPORT(column_floats);
HWY_EXPORT(column_halves);
HWY_EXPORT(run_floats);
HWY_EXPORT(run_halves);

namespace kernels {

void symbols_by_column(const UniformRule& rule, DType dtype, const void* data, std::size_t n,
                       const float* zero, const float* inverse, std::uint8_t* symbols) {
  HWY_DYNAMIC_DISPATCH(symbols_by_column)(rule, dtype, data, n, zero, inverse, symbols);
}

void symbols_by_run(const UniformRule& rule, DType dtype, const void* data, std::size_t n, std::size_t run,
                    const float* zero, const float* inverse, std::uint8_t* symbols) {
  HWY_DYNAMIC_DISPATCH(symbols_by_run)(rule, dtype, data, n, run, zero, inverse, symbols);
}

void numbers_by_column(float offset, const std::uint8_t* symbols, std::size_t n, const float* zero,
                       const float* step, float* out) {
  HWY_DYNAMIC_DISPATCH(column_floats)(offset, symbols, n, zero, step, out);
}

void numbers_by_column(float offset, const std::uint8_t* symbols, std::size_t n, const float* zero,
                       const float* step, std::uint16_t* out) {
  HWY_DYNAMIC_DISPATCH(column_halves)(offset, symbols, n, zero, step, out);
}

void numbers_by_run(float offset, const std::uint8_t* symbols, std::size_t n, std::size_t run,
                    const float* zero, const float* step, float* out) {
  HWY_DYNAMIC_DISPATCH(run_floats)(offset, symbols, n, run, zero, step, out);
}

void numbers_by_run(float offset, const std::uint8_t* symbols, std::size_t n, std::size_t run,
                    const float* zero, const float* step, std::uint16_t* out) {
  HWY_DYNAMIC_DISPATCH(run_halves)(offset, symbols, n, run, zero, step, out);
}

}  // namespace kernels
}  // namespace kvferry
#endif
