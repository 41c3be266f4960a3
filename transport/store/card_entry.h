// SPDX-License-Identifier: MIT
//
// cards/DIGEST of a pool: a card's root and pages, and where each of its chunks stands. FORMAT.md, "Cards".
#pragma once

#include "protocol/card/manifest.h"

namespace kvferry::store {

struct ChunkPlace {
  std::uint32_t pack = 0;    // of the entry's packs
  std::uint64_t offset = 0;  // of the payload in it
  bool operator==(const ChunkPlace&) const = default;
};

struct CardEntry {
  Manifest manifest;
  std::vector<Digest> packs;       // names
  std::vector<ChunkPlace> places;  // one per chunk

  // The pack's index, added if need be.
  [[nodiscard]] std::uint32_t index_of(const Digest& pack);
};

[[nodiscard]] Bytes serialize_entry(const CardEntry& entry);
// The error says what is wrong at which byte.
[[nodiscard]] Result<CardEntry> parse_entry(ByteView file, const Digest& card);

}  // namespace kvferry::store
