// SPDX-License-Identifier: MIT
//
// How eight states at a time take the words they want: what the vector decoders share. Included inside
// HWY_NAMESPACE of rans, for each target.

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

// Eight states below their least value take a word each. Reads 2 kLanes bytes.
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
