// SPDX-License-Identifier: MIT
//
// The chunk table of a progressive card: 519 tokens read by the shipped model
// `large`, preset `progressive`, 634,469 bytes. Four groups of all eight layers,
// sixteen levels each.
#pragma once

#include <cstdint>

#include "protocol/card/card.h"
#include "tests/protocol/sample_cards.h"

namespace kvferry::test {

struct TableLine {
  std::uint32_t size_bytes, row_begin, row_count;
  std::uint8_t level;
  float importance;
};

// clang-format off
inline constexpr TableLine kProgressiveTable[] = {
    {247, 129, 130, 0, 1.00e+00F},
    {103, 259, 130, 0, 7.65e-01F},
    {169, 0, 129, 0, 7.40e-01F},
    {153, 389, 130, 0, 6.65e-01F},
    {171, 259, 130, 1, 9.27e-02F},
    {355, 129, 130, 1, 7.61e-02F},
    {249, 0, 129, 1, 7.14e-02F},
    {183, 389, 130, 1, 6.53e-02F},
    {393, 259, 130, 2, 1.36e-02F},
    {417, 389, 130, 2, 1.29e-02F},
    {623, 129, 130, 2, 1.20e-02F},
    {461, 0, 129, 2, 1.19e-02F},
    {975, 129, 130, 3, 2.27e-03F},
    {551, 259, 130, 3, 2.26e-03F},
    {623, 389, 130, 3, 2.26e-03F},
    {763, 0, 129, 3, 2.25e-03F},
    {1609, 129, 130, 4, 6.14e-04F},
    {1057, 389, 130, 4, 6.01e-04F},
    {945, 259, 130, 4, 5.97e-04F},
    {1233, 0, 129, 4, 5.92e-04F},
    {2435, 129, 130, 5, 1.56e-04F},
    {1957, 0, 129, 5, 1.54e-04F},
    {1629, 259, 130, 5, 1.49e-04F},
    {1715, 389, 130, 5, 1.48e-04F},
    {2417, 259, 130, 6, 3.90e-05F},
    {2475, 389, 130, 6, 3.86e-05F},
    {3487, 129, 130, 6, 3.85e-05F},
    {2777, 0, 129, 6, 3.77e-05F},
    {3857, 389, 130, 7, 9.54e-06F},
    {3637, 259, 130, 7, 9.38e-06F},
    {4089, 0, 129, 7, 9.26e-06F},
    {5217, 129, 130, 7, 9.23e-06F},
    {5971, 0, 129, 8, 2.36e-06F},
    {5593, 389, 130, 8, 2.35e-06F},
    {5269, 259, 130, 8, 2.34e-06F},
    {7485, 129, 130, 8, 2.34e-06F},
    {7893, 389, 130, 9, 5.92e-07F},
    {10215, 129, 130, 9, 5.90e-07F},
    {7543, 259, 130, 9, 5.82e-07F},
    {8295, 0, 129, 9, 5.82e-07F},
    {10493, 259, 130, 10, 1.47e-07F},
    {10829, 389, 130, 10, 1.45e-07F},
    {11251, 0, 129, 10, 1.45e-07F},
    {13675, 129, 130, 10, 1.45e-07F},
    {14647, 389, 130, 11, 3.59e-08F},
    {14217, 259, 130, 11, 3.59e-08F},
    {14805, 0, 129, 11, 3.58e-08F},
    {17695, 129, 130, 11, 3.53e-08F},
    {19139, 389, 130, 12, 8.91e-09F},
    {18799, 259, 130, 12, 8.90e-09F},
    {19073, 0, 129, 12, 8.75e-09F},
    {22429, 129, 130, 12, 8.64e-09F},
    {23347, 259, 130, 13, 2.18e-09F},
    {23711, 389, 130, 13, 2.16e-09F},
    {23455, 0, 129, 13, 2.11e-09F},
    {26859, 129, 130, 13, 2.09e-09F},
    {27927, 259, 130, 14, 5.14e-10F},
    {27957, 389, 130, 14, 5.07e-10F},
    {27637, 0, 129, 14, 4.91e-10F},
    {30567, 129, 130, 14, 4.84e-10F},
    {31647, 259, 130, 15, 1.18e-10F},
    {31535, 389, 130, 15, 1.16e-10F},
    {31075, 0, 129, 15, 1.11e-10F},
    {33121, 129, 130, 15, 1.09e-10F},
};
// clang-format on

// A card with this table, of bytes that mean nothing.
[[nodiscard]] inline Card progressive_card(std::uint64_t seed) {
  Rng rng(seed);
  Card card = sample_card(seed, 0, 1);
  card.manifest.model.layers = 8;
  card.manifest.token_count = 519;
  card.manifest.position_sets = {PositionSet::all(519)};
  card.manifest.layer_sets.assign(8, 0);
  card.manifest.raw_bytes = 519 * card.manifest.model.fp16_bytes_per_token();
  for (const TableLine& line : kProgressiveTable) {
    ChunkInfo info;
    info.layer_count = 8;
    info.row_begin = line.row_begin;
    info.row_count = line.row_count;
    info.level = line.level;
    info.refines = line.level > 0;
    info.importance = line.importance;
    add_chunk(card, info, Slice(random_bytes(rng, line.size_bytes)));
  }
  return card;
}

}  // namespace kvferry::test
