// SPDX-License-Identifier: MIT
//
// FP16 and BF16 in Highway vectors, for the kernels of one target: the processor's own
// conversions where it has them, otherwise the integer arithmetic of codec/half.h. The
// results are the same bits.
#if defined(KVFERRY_HALF_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef KVFERRY_HALF_LANES_INL_H_
#undef KVFERRY_HALF_LANES_INL_H_
#else
#define KVFERRY_HALF_LANES_INL_H_
#endif

#include <cstdint>

#include "codec/half.h"
#include "codec/kv_view.h"
#include "codec/quant/arithmetic.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace kvferry::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_ARCH_X86 && HWY_TARGET <= HWY_AVX2

template <class DF>
HWY_INLINE hn::Vec<DF> load_half(DF df, const std::uint16_t* from) {
  const hn::Rebind<hwy::float16_t, DF> dh;
  return hn::PromoteTo(df, hn::LoadU(dh, reinterpret_cast<const hwy::float16_t*>(from)));
}

// Finite values only.
template <class DF>
HWY_INLINE void store_half(DF df, hn::Vec<DF> value, std::uint16_t* to) {
  (void)df;
  const hn::Rebind<hwy::float16_t, DF> dh;
  hn::StoreU(hn::DemoteTo(dh, value), dh, reinterpret_cast<hwy::float16_t*>(to));
}

#else

template <class DF>
HWY_INLINE hn::Vec<DF> load_half(DF df, const std::uint16_t* from) {
  const hn::RebindToUnsigned<DF> du;
  const auto bits = hn::PromoteTo(du, hn::LoadU(hn::Rebind<std::uint16_t, DF>(), from));
  const auto sign = hn::ShiftLeft<16>(hn::And(bits, hn::Set(du, 0x8000U)));
  const auto magnitude = hn::ShiftLeft<13>(hn::And(bits, hn::Set(du, 0x7fffU)));
  const auto scaled = hn::Mul(hn::BitCast(df, magnitude), hn::Set(df, 0x1p112F));
  return hn::BitCast(df, hn::Or(sign, hn::BitCast(du, scaled)));
}

// Finite values only.
template <class DF>
HWY_INLINE void store_half(DF df, hn::Vec<DF> value, std::uint16_t* to) {
  const hn::RebindToUnsigned<DF> du;
  const hn::Rebind<std::uint16_t, DF> dh;
  const auto bits = hn::BitCast(du, value);
  const auto magnitude = hn::And(bits, hn::Set(du, 0x7fffffffU));
  const auto odd = hn::And(hn::ShiftRight<13>(magnitude), hn::Set(du, 1U));
  const auto rounding = hn::Add(odd, hn::Set(du, 0xfffU - (112U << 23)));
  const auto normal = hn::ShiftRight<13>(hn::Add(magnitude, rounding));
  const auto aligned = hn::Add(hn::BitCast(df, magnitude), hn::Set(df, 0.5F));
  const auto subnormal = hn::Sub(hn::BitCast(du, aligned), hn::Set(du, 126U << 23));
  const auto is_small = hn::Lt(hn::BitCast(df, magnitude), hn::Set(df, 0x1p-14F));
  const auto half = hn::IfThenElse(hn::RebindMask(du, is_small), subnormal, normal);
  const auto sign = hn::And(hn::ShiftRight<16>(bits), hn::Set(du, 0x8000U));
  hn::StoreU(hn::TruncateTo(dh, hn::Or(half, sign)), dh, to);
}

#endif

// Where kernels read numbers from: an element type, a vector of them as FP32, and the
// integers whose order is that of the numbers.
struct F32Source {
  using Element = float;
  using Key = std::uint32_t;
  template <class DF>
  static HWY_INLINE hn::Vec<DF> load(DF df, const Element* from) {
    return hn::LoadU(df, from);
  }
  template <class DF>
  static HWY_INLINE hn::Vec<DF> load_bits(DF df, const Key* from) {
    return hn::BitCast(df, hn::LoadU(hn::RebindToUnsigned<DF>(), from));
  }
  static float one(Element x) { return x; }
  static Key key(Element x) { return to_ordered(std::bit_cast<std::uint32_t>(x)); }
  static float from_key(Key key) { return std::bit_cast<float>(from_ordered(key)); }
};

struct F16Source {
  using Element = std::uint16_t;
  using Key = std::uint16_t;
  template <class DF>
  static HWY_INLINE hn::Vec<DF> load(DF df, const Element* from) {
    return load_half(df, from);
  }
  template <class DF>
  static HWY_INLINE hn::Vec<DF> load_bits(DF df, const Key* from) {
    return load(df, from);
  }
  static float one(Element x) { return half_to_float(x); }
  static Key key(Element x) { return to_ordered(x); }
  static float from_key(Key key) { return half_to_float(from_ordered(key)); }
};

struct BF16Source {
  using Element = std::uint16_t;
  using Key = std::uint16_t;
  template <class DF>
  static HWY_INLINE hn::Vec<DF> load(DF df, const Element* from) {
    const hn::RebindToUnsigned<DF> du;
    const auto bits = hn::PromoteTo(du, hn::LoadU(hn::Rebind<std::uint16_t, DF>(), from));
    return hn::BitCast(df, hn::ShiftLeft<16>(bits));
  }
  template <class DF>
  static HWY_INLINE hn::Vec<DF> load_bits(DF df, const Key* from) {
    return load(df, from);
  }
  static float one(Element x) { return bfloat16_to_float(x); }
  static Key key(Element x) { return to_ordered(x); }
  static float from_key(Key key) { return bfloat16_to_float(from_ordered(key)); }
};

// Calls visit(source, typed pointer) for a view's type.
template <class Visit>
HWY_INLINE auto visit_source(DType dtype, const void* data, const Visit& visit) {
  switch (dtype) {
    case DType::kF16:
      return visit(F16Source(), static_cast<const std::uint16_t*>(data));
    case DType::kBF16:
      return visit(BF16Source(), static_cast<const std::uint16_t*>(data));
    case DType::kF32:
      break;
  }
  return visit(F32Source(), static_cast<const float*>(data));
}

}  // namespace kvferry::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
