// SPDX-License-Identifier: MIT
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "codec/quant/bitpack_kernels.cc"
#include "hwy/foreach_target.h"
// The order matters: foreach_target first.
#include "codec/quant/bitpack_kernels.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace kvferry::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR

std::size_t pack(const std::uint8_t*, std::size_t, unsigned, std::uint8_t*) { return 0; }
std::size_t unpack(const std::uint8_t*, std::size_t, unsigned, std::uint8_t*) { return 0; }

#else

// The codes of one packed byte stand in one lane, one a byte: two of 4 bits, four of 2.
using Pairs = hn::ScalableTag<std::uint16_t>;
using Fours = hn::ScalableTag<std::uint32_t>;

HWY_INLINE hn::Vec<Pairs> close_up(Pairs, hn::Vec<Pairs> v) { return hn::Or(v, hn::ShiftRight<4>(v)); }
HWY_INLINE hn::Vec<Fours> close_up(Fours, hn::Vec<Fours> v) {
  const auto low = hn::Or(v, hn::ShiftRight<6>(v));
  return hn::Or(low, hn::Or(hn::ShiftRight<12>(v), hn::ShiftRight<18>(v)));
}

HWY_INLINE hn::Vec<Pairs> spread(Pairs d, hn::Vec<Pairs> v) {
  return hn::And(hn::Or(v, hn::ShiftLeft<4>(v)), hn::Set(d, std::uint16_t{0x0f0f}));
}
HWY_INLINE hn::Vec<Fours> spread(Fours d, hn::Vec<Fours> v) {
  const auto low = hn::Or(v, hn::ShiftLeft<6>(v));
  const auto high = hn::Or(hn::ShiftLeft<12>(v), hn::ShiftLeft<18>(v));
  return hn::And(hn::Or(low, high), hn::Set(d, 0x03030303U));
}

template <class D>
std::size_t pack_lanes(D d, const std::uint8_t* codes, std::size_t n, std::uint8_t* out) {
  const hn::Repartition<std::uint8_t, D> d_codes;
  const hn::Rebind<std::uint8_t, D> d_packed;
  const std::size_t step = hn::Lanes(d_codes);
  std::size_t i = 0;
  for (; i + step <= n; i += step) {
    const auto lanes = hn::BitCast(d, hn::LoadU(d_codes, codes + i));
    hn::StoreU(hn::TruncateTo(d_packed, close_up(d, lanes)), d_packed, out + i / step * hn::Lanes(d));
  }
  return i;
}

template <class D>
std::size_t unpack_lanes(D d, const std::uint8_t* packed, std::size_t n, std::uint8_t* codes) {
  const hn::Repartition<std::uint8_t, D> d_codes;
  const hn::Rebind<std::uint8_t, D> d_packed;
  const std::size_t step = hn::Lanes(d_codes);
  std::size_t i = 0;
  for (; i + step <= n; i += step) {
    const auto lanes = hn::PromoteTo(d, hn::LoadU(d_packed, packed + i / step * hn::Lanes(d)));
    hn::StoreU(hn::BitCast(d_codes, spread(d, lanes)), d_codes, codes + i);
  }
  return i;
}

std::size_t pack(const std::uint8_t* codes, std::size_t n, unsigned bits, std::uint8_t* out) {
  return bits == 4 ? pack_lanes(Pairs(), codes, n, out) : pack_lanes(Fours(), codes, n, out);
}
std::size_t unpack(const std::uint8_t* packed, std::size_t n, unsigned bits, std::uint8_t* codes) {
  return bits == 4 ? unpack_lanes(Pairs(), packed, n, codes) : unpack_lanes(Fours(), packed, n, codes);
}

#endif

std::uint8_t greatest(const std::uint8_t* codes, std::size_t n) {
  const hn::ScalableTag<std::uint8_t> d;
  const std::size_t lanes = hn::Lanes(d);
  auto most = hn::Zero(d);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) most = hn::Max(most, hn::LoadU(d, codes + i));
  HWY_ALIGN std::uint8_t each[hn::MaxLanes(d)];
  hn::Store(most, d, each);
  std::uint8_t result = 0;
  for (std::size_t j = 0; j < lanes; ++j) result = each[j] > result ? each[j] : result;
  for (; i < n; ++i) result = codes[i] > result ? codes[i] : result;
  return result;
}

}  // namespace
}  // namespace kvferry::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kvferry {
HWY_EXPORT(pack);
HWY_EXPORT(unpack);
HWY_EXPORT(greatest);

namespace kernels {

std::size_t pack(const std::uint8_t* codes, std::size_t n, unsigned bits, std::uint8_t* out) {
  return HWY_DYNAMIC_DISPATCH(pack)(codes, n, bits, out);
}

std::size_t unpack(const std::uint8_t* packed, std::size_t n, unsigned bits, std::uint8_t* codes) {
  return HWY_DYNAMIC_DISPATCH(unpack)(packed, n, bits, codes);
}

std::uint8_t greatest(const std::uint8_t* codes, std::size_t n) {
  return HWY_DYNAMIC_DISPATCH(greatest)(codes, n);
}

}  // namespace kernels
}  // namespace kvferry
#endif
