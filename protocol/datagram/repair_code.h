// SPDX-License-Identifier: MIT
//
// The Reed–Solomon code of the datagram binding: a packet's frames as a source
// symbol, repair symbols of a block, and what is missing from any k of the k + r
// symbols. GF(2^8) with the polynomial 0x11D; repair symbol j is the sum over i of
// source i / ((k + j) XOR i), a Cauchy matrix. SPEC.md, "Repair".
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "protocol/base/bytes.h"

namespace kvferry {

inline constexpr std::size_t kMaxRepairSources = 64;  // k, of a block
inline constexpr std::size_t kMaxRepairSymbols = 32;  // r, of a block
inline constexpr std::size_t kSymbolHeadBytes = 2;    // the length
inline constexpr std::size_t kMinSymbolBytes = 3;     // and one byte of frames
inline constexpr std::size_t kMaxSymbolBytes = 16383;

// Length (16 bits), the frames, zeros up to symbol_bytes, which is at least kSymbolHeadBytes + the frames'
// size.
[[nodiscard]] Bytes source_symbol(ByteView frames, std::size_t symbol_bytes);
// The frames; nothing when a symbol of at least kMinSymbolBytes is not one that source_symbol() makes.
[[nodiscard]] std::optional<ByteView> frames_of_symbol(ByteView symbol);

struct RepairSymbol {
  std::size_t index = 0;  // j
  Bytes bytes;
};

// Symbols 0 .. count-1 of a block; its sources are all of one size.
[[nodiscard]] std::vector<Bytes> encode_repair(std::span<const Bytes> sources, std::size_t count);

// The sources that are missing (empty in `sources`), in their order, from at least as many repair symbols of
// different indices. All that is not empty is of one size.
[[nodiscard]] std::vector<Bytes> solve_missing(std::span<const Bytes> sources,
                                               std::span<const RepairSymbol> repairs);

}  // namespace kvferry
