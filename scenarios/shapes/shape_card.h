// SPDX-License-Identifier: MIT
//
// Cards of a shape, where a plan asks what a larger model's cache costs on the way: their bytes travel, or
// only their sizes do.
#pragma once

#include "protocol/card/card.h"
#include "scenarios/shapes/model_shape.h"

namespace kvferry {

// A card of this shape for the same document, positions and preset: its payload has as many bytes per cached
// value as the given card's, headers, scales and tables counted, and is noise from the seed.
[[nodiscard]] Card synthesise_card(const ModelShape& shape, const Card& card, uint64_t seed);

// Every token of a document under fp16, int8, int4 or int2 without entropy coding: chunk for chunk as large
// as the encoder makes them (codec/FORMAT.md; K by channel, V by group of 64). Or "bits:X", X above 0 and up
// to 16: that many bits a cached value, all counted, such as a real card has. Digests name nothing.
[[nodiscard]] Result<Manifest> shape_manifest(const ModelShape& shape, uint32_t tokens,
                                              std::string_view preset);

}  // namespace kvferry
