// SPDX-License-Identifier: MIT
#include "codec/entropy/context_vector.h"

#include <array>
#include <bit>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "codec/entropy/context_vector.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace kvferry::rans::HWY_NAMESPACE {

#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL

#include "codec/entropy/rans_words-inl.h"

// One symbol of each of eight states, without its words.
HWY_INLINE V32 decode_eight(const std::uint32_t* ends, const std::uint8_t* contexts, V32 state,
                            std::uint8_t* symbols) {
  const D32 d32;
  const hn::FixedTag<std::int32_t, kLanes> di32;
  const hn::FixedTag<std::uint8_t, kLanes> d8;
  const V32 entry = hn::GatherIndex(d32, ends, hn::PromoteTo(di32, hn::LoadU(d8, contexts)));
  const V32 end_of_zero = hn::And(entry, hn::Set(d32, 0xffff));
  const V32 end_of_one = hn::ShiftRight<16>(entry);
  const V32 slot = hn::And(state, hn::Set(d32, 0xfff));
  const auto from_one = hn::Not(hn::Lt(slot, end_of_zero));
  const auto is_two = hn::Not(hn::Lt(slot, end_of_one));
  const V32 zero = hn::Zero(d32);
  const V32 start = hn::IfThenElse(is_two, end_of_one, hn::IfThenElse(from_one, end_of_zero, zero));
  const V32 end =
      hn::IfThenElse(is_two, hn::Set(d32, 4096), hn::IfThenElse(from_one, end_of_one, end_of_zero));
  const V32 one = hn::Set(d32, 1);
  const V32 symbol = hn::Add(hn::IfThenElse(from_one, one, zero), hn::IfThenElse(is_two, one, zero));
  hn::StoreU(hn::TruncateTo(d8, symbol), d8, symbols);
  return hn::Add(hn::Mul(hn::Sub(end, start), hn::ShiftRight<12>(state)), hn::Sub(slot, start));
}

std::size_t DecodeContextRuns(const std::uint32_t* ends, Reader& reader, const std::uint8_t* contexts,
                              std::uint8_t* symbols, std::size_t n) {
  const D32 d32;
  V32 state[kVectors];
  for (std::size_t v = 0; v < kVectors; ++v) state[v] = hn::LoadU(d32, reader.state.data() + v * kLanes);
  const std::uint8_t* words = reader.next;
  std::size_t at = 0;
  // A run takes at most 2 kMaxStates bytes; the last load reaches 2 kLanes bytes.
  while (n - at >= kMaxStates && reader.end - words >= static_cast<std::ptrdiff_t>(4 * kMaxStates)) {
    for (std::size_t v = 0; v < kVectors; ++v) {
      const std::size_t lane = at + v * kLanes;
      state[v] = decode_eight(ends, contexts + lane, state[v], symbols + lane);
    }
    for (std::size_t v = 0; v < kVectors; ++v) state[v] = take_words(state[v], words);
    at += kMaxStates;
  }
  reader.next = words;
  for (std::size_t v = 0; v < kVectors; ++v) hn::StoreU(state[v], d32, reader.state.data() + v * kLanes);
  return at;
}

#else

std::size_t DecodeContextRuns(const std::uint32_t*, Reader&, const std::uint8_t*, std::uint8_t*,
                              std::size_t) {
  return 0;
}

#endif

}  // namespace kvferry::rans::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kvferry::rans {

HWY_EXPORT(DecodeContextRuns);

std::size_t decode_context_runs(const std::uint32_t* ends, Reader& reader, const std::uint8_t* contexts,
                                std::uint8_t* symbols, std::size_t n) {
  return HWY_DYNAMIC_DISPATCH(DecodeContextRuns)(ends, reader, contexts, symbols, n);
}

}  // namespace kvferry::rans
#endif
