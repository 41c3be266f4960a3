// SPDX-License-Identifier: MIT
#include "codec/entropy/rans_vector.h"

#include <array>
#include <bit>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "codec/entropy/rans_vector.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace kvferry::rans::HWY_NAMESPACE {

#if HWY_TARGET == HWY_AVX2 || HWY_TARGET == HWY_AVX3 || HWY_TARGET == HWY_AVX3_DL

#include "codec/entropy/rans_words-inl.h"

// One symbol of each of eight states, without its words.
HWY_INLINE V32 decode_eight(const std::uint32_t* slots, const std::uint32_t* table_at, V32 state,
                            std::uint8_t* symbols) {
  const D32 d32;
  const hn::FixedTag<std::int32_t, kLanes> di32;
  const V32 low12 = hn::Set(d32, 0xfff);
  const V32 slot = hn::Add(hn::And(state, low12), hn::LoadU(d32, table_at));
  const V32 entry = hn::GatherIndex(d32, slots, hn::BitCast(di32, slot));
  const hn::FixedTag<std::uint8_t, kLanes> d8;
  hn::StoreU(hn::TruncateTo(d8, hn::ShiftRight<24>(entry)), d8, symbols);
  const V32 frequency = hn::And(hn::ShiftRight<12>(entry), low12);
  return hn::Add(hn::Mul(frequency, hn::ShiftRight<12>(state)), hn::And(entry, low12));
}

std::size_t DecodeRuns(const SlotTables& tables, Reader& reader, std::uint8_t* symbols, std::size_t n) {
  const D32 d32;
  V32 state[kVectors];
  for (std::size_t v = 0; v < kVectors; ++v) state[v] = hn::LoadU(d32, reader.state.data() + v * kLanes);
  const std::uint8_t* words = reader.next;
  const std::size_t step = kMaxStates % tables.columns;
  std::size_t column = 0, at = 0;
  // A run takes at most 2 kMaxStates bytes; the last load reaches 2 kLanes bytes.
  while (n - at >= kMaxStates && reader.end - words >= static_cast<std::ptrdiff_t>(4 * kMaxStates)) {
    for (std::size_t v = 0; v < kVectors; ++v) {
      const std::size_t lane = v * kLanes;
      state[v] = decode_eight(tables.slots, tables.table_at + column + lane, state[v], symbols + at + lane);
    }
    for (std::size_t v = 0; v < kVectors; ++v) state[v] = take_words(state[v], words);
    at += kMaxStates;
    column += step;
    if (column >= tables.columns) column -= tables.columns;
  }
  reader.next = words;
  for (std::size_t v = 0; v < kVectors; ++v) hn::StoreU(state[v], d32, reader.state.data() + v * kLanes);
  return at;
}

#else

std::size_t DecodeRuns(const SlotTables&, Reader&, std::uint8_t*, std::size_t) { return 0; }

#endif

}  // namespace kvferry::rans::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace kvferry::rans {

HWY_EXPORT(DecodeRuns);

std::size_t decode_runs(const SlotTables& tables, Reader& reader, std::uint8_t* symbols, std::size_t n) {
  return HWY_DYNAMIC_DISPATCH(DecodeRuns)(tables, reader, symbols, n);
}

}  // namespace kvferry::rans
#endif
