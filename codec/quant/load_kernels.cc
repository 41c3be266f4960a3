// SPDX-License-Identifier: MIT
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "codec/quant/load_kernels.cc"
#include "hwy/foreach_target.h"
// The order matters: foreach_target first.
#include "codec/quant/half_lanes-inl.h"
#include "codec/quant/kernels.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace kvferry::HWY_NAMESPACE {
namespace {

// FP16's emulated conversion makes finite numbers above its range of what is not finite.
template <class Source>
bool load_all(Source source, const typename Source::Element* from, std::size_t n, float* to) {
  const hn::ScalableTag<float> df;
  const std::size_t lanes = hn::Lanes(df);
  const auto most = hn::Set(df, kHalfMax);
  auto fits = hn::Eq(most, most);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto x = source.load(df, from + i);
    fits = hn::And(fits, hn::Le(hn::Abs(x), most));  // false for NaN
    hn::StoreU(x, df, to + i);
  }
  bool all = hn::AllTrue(df, fits);
  for (; i < n; ++i) {
    to[i] = source.one(from[i]);
    all &= to[i] >= -kHalfMax && to[i] <= kHalfMax;
  }
  return all;
}

bool load(DType dtype, const void* from, std::size_t n, float* to) {
  return visit_source(dtype, from,
                      [=](auto source, const auto* x) HWY_ATTR { return load_all(source, x, n, to); });
}

void to_halves(const float* from, std::size_t n, std::uint16_t* to) {
  const hn::ScalableTag<float> df;
  const std::size_t lanes = hn::Lanes(df);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) store_half(df, hn::LoadU(df, from + i), to + i);
  for (; i < n; ++i) to[i] = float_to_half(from[i]);
}

}  // namespace
}  // namespace kvferry::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kvferry {
HWY_EXPORT(load);
HWY_EXPORT(to_halves);

namespace kernels {

bool load(DType dtype, const void* from, std::size_t n, float* to) {
  return HWY_DYNAMIC_DISPATCH(load)(dtype, from, n, to);
}

void to_halves(const float* from, std::size_t n, std::uint16_t* to) {
  HWY_DYNAMIC_DISPATCH(to_halves)(from, n, to);
}

}  // namespace kernels
}  // namespace kvferry
#endif
