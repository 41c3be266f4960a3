// SPDX-License-Identifier: MIT
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "codec/quant/range_kernels.cc"
#include "hwy/foreach_target.h"
// The order matters: foreach_target first.
#include "codec/quant/half_lanes-inl.h"
#include "codec/quant/kernels.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace kvferry::HWY_NAMESPACE {
namespace {

// Bits of numbers, all turned over where the sign is minus, otherwise only the sign.
template <class DK>
HWY_INLINE hn::Vec<DK> load_keys(DK dk, const void* from) {
  using Key = hn::TFromD<DK>;
  const hn::RebindToSigned<DK> di;
  const auto bits = hn::LoadU(dk, static_cast<const Key*>(from));
  const auto minus = hn::BitCast(dk, hn::ShiftRight<8 * sizeof(Key) - 1>(hn::BitCast(di, bits)));
  return hn::Xor(bits, hn::Or(minus, hn::Set(dk, static_cast<Key>(Key{1} << (8 * sizeof(Key) - 1)))));
}

// The least of all lanes; 16-bit lanes are folded to eight first, which have an instruction.
#if HWY_TARGET == HWY_SCALAR
template <class DK>
HWY_INLINE hn::TFromD<DK> least_lane(DK, hn::Vec<DK> keys) {
  return hn::GetLane(keys);
}
#else
template <class DK>
HWY_INLINE hn::TFromD<DK> least_lane(DK dk, hn::Vec<DK> keys) {
  if constexpr (sizeof(hn::TFromD<DK>) == 2 && hn::MaxLanes(DK()) > 8) {
    const hn::Half<DK> half;
    return least_lane(half, hn::Min(hn::LowerHalf(half, keys), hn::UpperHalf(half, keys)));
  } else {
    return hn::GetLane(hn::MinOfLanes(dk, keys));
  }
}
#endif

template <class Key>
HWY_INLINE void include(Key key, Key& lo, Key& hi) {
  lo = key < lo ? key : lo;
  hi = key > hi ? key : hi;
}

// n keys, which are spoilt, to numbers.
template <class Source>
void from_keys(Source, typename Source::Key* keys, std::size_t n, float* out) {
  using Key = typename Source::Key;
  const hn::ScalableTag<float> df;
  const hn::Rebind<Key, hn::ScalableTag<float>> dk;
  const hn::RebindToSigned<decltype(dk)> di;
  const std::size_t lanes = hn::Lanes(df);
  const auto sign = hn::Set(dk, static_cast<Key>(Key{1} << (8 * sizeof(Key) - 1)));
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto key = hn::LoadU(dk, keys + i);
    const auto minus = hn::BitCast(dk, hn::ShiftRight<8 * sizeof(Key) - 1>(hn::BitCast(di, hn::Not(key))));
    hn::StoreU(hn::Xor(key, hn::Or(minus, sign)), dk, keys + i);
    hn::StoreU(Source::load_bits(df, keys + i), df, out + i);
  }
  for (; i < n; ++i) out[i] = Source::from_key(keys[i]);
}

constexpr std::size_t kStrip = 512;  // ranges that are held at a time

template <class Source>
void strip_ranges(Source source, const typename Source::Element* data, std::size_t rows, std::size_t stride,
                  std::size_t n, float* lo_out, float* hi_out) {
  using Key = typename Source::Key;
  const hn::ScalableTag<Key> dk;
  const std::size_t lanes = hn::Lanes(dk);
  alignas(64) Key lo[kStrip];
  alignas(64) Key hi[kStrip];
  for (std::size_t c = 0; c < n; ++c) lo[c] = hi[c] = Source::key(data[c]);
  for (std::size_t row = 1; row < rows; ++row) {
    const typename Source::Element* x = data + row * stride;
    std::size_t c = 0;
    for (; c + lanes <= n; c += lanes) {
      const auto keys = load_keys(dk, x + c);
      hn::StoreU(hn::Min(hn::LoadU(dk, lo + c), keys), dk, lo + c);
      hn::StoreU(hn::Max(hn::LoadU(dk, hi + c), keys), dk, hi + c);
    }
    for (; c < n; ++c) include(Source::key(x[c]), lo[c], hi[c]);
  }
  from_keys(source, lo, n, lo_out);
  from_keys(source, hi, n, hi_out);
}

void column_ranges(DType dtype, const void* data, std::size_t rows, std::size_t stride, std::size_t n,
                   float* lo, float* hi) {
  visit_source(dtype, data, [=](auto source, const auto* x) HWY_ATTR {
    for (std::size_t c = 0; c < n; c += kStrip) {
      strip_ranges(source, x + c, rows, stride, HWY_MIN(kStrip, n - c), lo + c, hi + c);
    }
  });
}

template <class Source, class DK>
HWY_INLINE void range_of_run(Source, DK dk, const typename Source::Element* x, std::size_t n,
                             hn::TFromD<DK>& lo, hn::TFromD<DK>& hi) {
  using Key = typename Source::Key;
  lo = hi = Source::key(x[0]);
  std::size_t i = 0;
  const std::size_t lanes = hn::Lanes(dk);
  if (n >= lanes) {
    auto least = load_keys(dk, x);
    auto most = least;
    for (i = lanes; i + lanes <= n; i += lanes) {
      const auto keys = load_keys(dk, x + i);
      least = hn::Min(least, keys);
      most = hn::Max(most, keys);
    }
    lo = least_lane(dk, least);
    hi = static_cast<Key>(~least_lane(dk, hn::Not(most)));
  }
  for (; i < n; ++i) include(Source::key(x[i]), lo, hi);
}

void run_ranges(DType dtype, const void* data, std::size_t n, std::size_t run, float* lo_out, float* hi_out) {
  visit_source(dtype, data, [=](auto source, const auto* x) HWY_ATTR {
    using Key = typename decltype(source)::Key;
    const hn::ScalableTag<Key> whole;
    const hn::CappedTag<Key, 8> small;
    alignas(64) Key lo[kStrip];
    alignas(64) Key hi[kStrip];
    const std::size_t runs = (n + run - 1) / run;
    for (std::size_t begin = 0; begin < runs; begin += kStrip) {
      const std::size_t count = HWY_MIN(kStrip, runs - begin);
      for (std::size_t r = 0; r < count; ++r) {
        const std::size_t at = (begin + r) * run;
        const std::size_t length = HWY_MIN(run, n - at);
        if (length < hn::Lanes(whole)) {
          range_of_run(source, small, x + at, length, lo[r], hi[r]);
        } else {
          range_of_run(source, whole, x + at, length, lo[r], hi[r]);
        }
      }
      from_keys(source, lo, count, lo_out + begin);
      from_keys(source, hi, count, hi_out + begin);
    }
  });
}

// True if all lanes hold finite numbers within FP16's range; NaN compares false.
template <class DF>
HWY_INLINE bool all_fit(DF df, hn::Vec<DF> lo, hn::Vec<DF> hi) {
  const auto fits = hn::And(hn::Ge(lo, hn::Set(df, -kHalfMax)), hn::Le(hi, hn::Set(df, kHalfMax)));
  return hn::AllTrue(df, fits);
}

template <class DF>
HWY_INLINE bool scales_of_lanes(DF df, const UniformRule& rule, const float* lo_in, const float* hi_in,
                                std::uint16_t* scale_bits, std::uint16_t* zero_bits, float* zero_out,
                                float* inverse_out) {
  const auto none = hn::Zero(df);
  const auto lo = hn::LoadU(df, lo_in);
  const auto hi = hn::LoadU(df, hi_in);
  auto zero = none;
  auto span = hn::Max(hn::Sub(none, lo), hi);
  if (!rule.symmetric) {
    store_half(df, hn::Add(lo, none), zero_bits);
    zero = load_half(df, zero_bits);
    span = hn::Sub(hi, zero);
  }
  span = hn::IfThenElseZero(hn::Gt(span, none), span);
  const auto step = hn::Min(hn::Div(span, hn::Set(df, rule.highest)), hn::Set(df, kHalfMax));
  store_half(df, step, scale_bits);
  const auto scale = load_half(df, scale_bits);
  const auto inverse = hn::IfThenElseZero(hn::Gt(scale, none), hn::Div(hn::Set(df, 1.0F), scale));
  hn::StoreU(zero, df, zero_out);
  hn::StoreU(inverse, df, inverse_out);
  return all_fit(df, lo, hi);
}

bool make_scales(const UniformRule& rule, const float* lo, const float* hi, std::size_t n,
                 std::uint16_t* scale_bits, std::uint16_t* zero_bits, float* zero, float* inverse) {
  const hn::ScalableTag<float> df;
  const hn::CappedTag<float, 1> one;
  const std::size_t lanes = hn::Lanes(df);
  bool fits = true;
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    std::uint16_t* zeros = zero_bits == nullptr ? nullptr : zero_bits + i;
    fits &= scales_of_lanes(df, rule, lo + i, hi + i, scale_bits + i, zeros, zero + i, inverse + i);
  }
  for (; i < n; ++i) {
    const GroupScale group = make_scale(rule, lo[i], hi[i]);
    fits &= all_fit(one, hn::Set(one, lo[i]), hn::Set(one, hi[i]));
    scale_bits[i] = group.scale_bits;
    if (zero_bits != nullptr) zero_bits[i] = group.zero_bits;
    zero[i] = group.zero;
    inverse[i] = group.inverse;
  }
  return fits;
}

}  // namespace
}  // namespace kvferry::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kvferry {
HWY_EXPORT(column_ranges);
HWY_EXPORT(run_ranges);
HWY_EXPORT(make_scales);

namespace kernels {

void column_ranges(DType dtype, const void* data, std::size_t rows, std::size_t stride, std::size_t n,
                   float* lo, float* hi) {
  HWY_DYNAMIC_DISPATCH(column_ranges)(dtype, data, rows, stride, n, lo, hi);
}

void run_ranges(DType dtype, const void* data, std::size_t n, std::size_t run, float* lo, float* hi) {
  HWY_DYNAMIC_DISPATCH(run_ranges)(dtype, data, n, run, lo, hi);
}

bool make_scales(const UniformRule& rule, const float* lo, const float* hi, std::size_t n,
                 std::uint16_t* scale_bits, std::uint16_t* zero_bits, float* zero, float* inverse) {
  return HWY_DYNAMIC_DISPATCH(make_scales)(rule, lo, hi, n, scale_bits, zero_bits, zero, inverse);
}

}  // namespace kernels
}  // namespace kvferry
#endif
