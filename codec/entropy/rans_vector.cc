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

namespace hn = hwy::HWY_NAMESPACE;

constexpr std::size_t kLanes = 8;
constexpr std::size_t kVectors = kMaxStates / kLanes;
using D32 = hn::FixedTag<std::uint32_t, kLanes>;
using V32 = hn::Vec<D32>;

// For each mask of lanes that want a word, the word that each of them takes.
constexpr std::array<std::array<std::uint8_t, kLanes>, 256> make_word_of_lane() {
  std::array<std::array<std::uint8_t, kLanes>, 256> table{};
  for (unsigned mask = 0; mask < 256; ++mask) {
    std::uint8_t word = 0;
    for (unsigned lane = 0; lane < kLanes; ++lane) {
      table[mask][lane] = word;
      if ((mask >> lane & 1) != 0) ++word;
    }
  }
  return table;
}
alignas(64) constexpr auto kWordOfLane = make_word_of_lane();

// Eight states below their least value take a word each.
HWY_INLINE V32 take_words(V32 state, const std::uint8_t*& words) {
  const D32 d32;
  const hn::FixedTag<std::int32_t, kLanes> di32;
  const auto hungry = hn::Lt(state, hn::Set(d32, kInitial));
  std::uint8_t mask[8];
  hn::StoreMaskBits(d32, hungry, mask);
  const auto order =
      hn::PromoteTo(di32, hn::Load(hn::FixedTag<std::uint8_t, kLanes>(), kWordOfLane[mask[0]].data()));
  const auto next =
      hn::LoadU(hn::FixedTag<std::uint16_t, kLanes>(), reinterpret_cast<const std::uint16_t*>(words));
  const V32 word = hn::TableLookupLanes(hn::PromoteTo(d32, next), hn::IndicesFromVec(d32, order));
  words += 2 * std::popcount(mask[0]);
  return hn::IfThenElse(hungry, hn::Or(hn::ShiftLeft<16>(state), word), state);
}

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
