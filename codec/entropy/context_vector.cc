// SPDX-License-Identifier: MIT
#include "codec/entropy/context_vector.h"

#include <array>
#include <bit>
#include <cstring>

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

// x div frequency, of a quotient below 2^20. Doubles hold both, and never round their quotient up to a whole
// number.
HWY_INLINE V32 divide(V32 x, V32 frequency) {
  const D32 d32;
  const hn::FixedTag<double, kLanes / 2> d64;
  const hn::FixedTag<std::uint64_t, kLanes / 2> du64;
  const hn::FixedTag<std::int32_t, kLanes / 2> di32;
  const hn::FixedTag<std::uint32_t, kLanes / 2> du32;
  constexpr double kTwoTo52 = 4503599627370496.0;  // its last bits are whole numbers
  const auto quotient = [&](auto numerator, auto denominator) {
    const auto magic = hn::BitCast(du64, hn::Set(d64, kTwoTo52));
    const auto lifted = hn::BitCast(d64, hn::Or(hn::PromoteTo(du64, numerator), magic));
    const auto whole = hn::Sub(lifted, hn::Set(d64, kTwoTo52));
    return hn::BitCast(
        du32, hn::DemoteTo(di32, hn::Div(whole, hn::PromoteTo(d64, hn::BitCast(di32, denominator)))));
  };
  const auto low = quotient(hn::LowerHalf(du32, x), hn::LowerHalf(du32, frequency));
  const auto high = quotient(hn::UpperHalf(du32, x), hn::UpperHalf(du32, frequency));
  return hn::Combine(d32, high, low);
}

// One symbol for each of eight states. Words of the states that have become too large go to `words`, in their
// order; returns how many.
HWY_INLINE std::size_t encode_eight(const std::uint32_t* ranges, const std::uint8_t* contexts,
                                    const std::uint8_t* symbols, V32& state, std::uint16_t* words) {
  const D32 d32;
  const hn::FixedTag<std::int32_t, kLanes> di32;
  const hn::FixedTag<std::uint8_t, kLanes> d8;
  const hn::FixedTag<std::uint16_t, kLanes> d16;
  const V32 context = hn::PromoteTo(d32, hn::LoadU(d8, contexts));
  const V32 symbol = hn::PromoteTo(d32, hn::LoadU(d8, symbols));
  const V32 index = hn::Add(hn::ShiftLeft<2>(context), symbol);
  const V32 entry = hn::GatherIndex(d32, ranges, hn::BitCast(di32, index));
  const V32 start = hn::And(entry, hn::Set(d32, 0xffff));
  const V32 frequency = hn::ShiftRight<16>(entry);
  const auto full = hn::Not(hn::Lt(state, hn::ShiftLeft<20>(frequency)));
  alignas(32) std::uint32_t kept[kLanes];
  const std::size_t count = hn::CompressStore(state, full, d32, kept);
  hn::StoreU(hn::TruncateTo(d16, hn::Load(d32, kept)), d16, words);
  const V32 x = hn::IfThenElse(full, hn::ShiftRight<16>(state), state);
  const V32 quotient = divide(x, frequency);
  state = hn::Add(hn::Add(x, start), hn::Mul(quotient, hn::Sub(hn::Set(d32, 4096), frequency)));
  return count;
}

std::uint8_t* EncodeContextRuns(const std::uint32_t* ranges, const std::uint8_t* contexts,
                                const std::uint8_t* symbols, std::size_t n, std::uint32_t* states,
                                std::uint8_t* at) {
  const D32 d32;
  V32 state[kVectors];
  for (std::size_t v = 0; v < kVectors; ++v) state[v] = hn::LoadU(d32, states + v * kLanes);
  for (std::size_t end = n; end > 0; end -= kMaxStates) {
    for (std::size_t v = kVectors; v-- > 0;) {
      const std::size_t lane = end - kMaxStates + v * kLanes;
      std::uint16_t words[kLanes];
      const std::size_t count = encode_eight(ranges, contexts + lane, symbols + lane, state[v], words);
      at -= 2 * count;
      std::memcpy(at, words, 2 * count);
    }
  }
  for (std::size_t v = 0; v < kVectors; ++v) hn::StoreU(state[v], d32, states + v * kLanes);
  return at;
}

#else

std::uint8_t* EncodeContextRuns(const std::uint32_t*, const std::uint8_t*, const std::uint8_t*, std::size_t,
                                std::uint32_t*, std::uint8_t*) {
  return nullptr;
}

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
HWY_EXPORT(EncodeContextRuns);

std::uint8_t* encode_context_runs(const ContextRanges& ranges, const std::uint8_t* contexts,
                                  const std::uint8_t* symbols, std::size_t n, std::uint32_t* states,
                                  std::uint8_t* at) {
  return HWY_DYNAMIC_DISPATCH(EncodeContextRuns)(ranges.data(), contexts, symbols, n, states, at);
}

std::size_t decode_context_runs(const std::uint32_t* ends, Reader& reader, const std::uint8_t* contexts,
                                std::uint8_t* symbols, std::size_t n) {
  return HWY_DYNAMIC_DISPATCH(DecodeContextRuns)(ends, reader, contexts, symbols, n);
}

}  // namespace kvferry::rans
#endif
