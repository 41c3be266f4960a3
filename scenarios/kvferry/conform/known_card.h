// SPDX-License-Identifier: MIT
//
// The card that the peer serves, once it has been fetched whole.
#pragma once

#include <string>

#include "protocol/card/manifest.h"
#include "scenarios/kvferry/conform/reception.h"

namespace kvferry::conform {

struct KnownCard {
  Manifest manifest;
  Digest digest;
  std::size_t root_bytes = 0;
  std::vector<Bytes> payloads;

  [[nodiscard]] std::size_t chunks() const { return manifest.chunks.size(); }
  [[nodiscard]] std::uint64_t size_of(std::uint32_t chunk) const { return manifest.chunks[chunk].size_bytes; }
  [[nodiscard]] std::uint64_t largest_bytes() const;
  [[nodiscard]] std::uint64_t payload_bytes() const { return manifest.payload_bytes(); }
  [[nodiscard]] ChunkRanges all() const;
};

// The manifest that came, checked against its digests. Throws CheckFailed.
[[nodiscard]] Manifest manifest_of(const Reception& reception);
// The whole card. Throws CheckFailed at what is missing or has another digest.
[[nodiscard]] KnownCard card_of(const Reception& reception);
// Throws CheckFailed unless the chunk's bytes, the first `prefix` of them known before, have its digest.
void expect_digest(const Reception& reception, const Manifest& manifest, std::uint32_t chunk,
                   ByteView prefix = {});

}  // namespace kvferry::conform
