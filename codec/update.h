// SPDX-License-Identifier: MIT
//
// The card of a document that has changed, made of the card before: what still holds keeps its chunks, byte
// for byte, so that they have the same digests and need not travel (SPEC.md, section 8, "known").
#pragma once

#include <cstdint>
#include <span>

#include "codec/encoder.h"

namespace kvferry {

// Tokens at both ends that the document before and the document now have in common.
struct Reuse {
  std::uint32_t prefix = 0;
  std::uint32_t suffix = 0;
};

// The longest ends that are equal; of a document that only grew, all of it is prefix.
[[nodiscard]] Reuse common_ends(std::span<const std::int64_t> before, std::span<const std::int64_t> now);
// Of caches whose tokens nobody knows: rows at the beginning that are the same to the bit in all layers. None
// where one of the two has only a part of its document's.
[[nodiscard]] Reuse common_rows(const KvCache& before, const KvCache& now);

struct UpdateStats {
  std::uint32_t rows_reused = 0;   // of each layer
  std::uint32_t rows_encoded = 0;  // the others, with what was left of chunks that are cut
  std::uint64_t reused_bytes = 0;  // payload
  std::uint64_t encoded_bytes = 0;
};

// `now` has all rows of all layers, and so has the card before, which was made with the same preset, model
// and calibration. Whole chunks of the prefix are taken over; those of the suffix too, which then hold what
// the model made of them in their old places: only where the preset undoes RoPE, so that a chunk does not
// depend on where it stands (what that costs in quality is the caller's to measure: options.probe is not
// asked). The error says what does not fit, or that the preset's chunks need tables of the card.
[[nodiscard]] Result<Card> encode_update(const Card& before, const KvCache& now, const Reuse& reuse,
                                         const EncodeOptions& options, UpdateStats* stats = nullptr);

}  // namespace kvferry
