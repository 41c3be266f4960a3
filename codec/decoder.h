// SPDX-License-Identifier: MIT
//
// Card -> KvCache, whole or chunk by chunk as they arrive.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "codec/chunk_payload.h"
#include "codec/kv_cache.h"
#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "protocol/card/card.h"

namespace kvferry {

struct DecodeLimits {
  std::uint64_t max_cache_bytes = std::uint64_t{8} << 30;  // FP16, of what the card holds
};

// begin, then add for every chunk in any order, then take. Payloads are expected to be
// verified against their digests already; one that is not may decode to other numbers,
// but does no harm.
class ChunkDecoder {
 public:
  explicit ChunkDecoder(DecodeLimits limits = {}) : limits_(limits) {}

  // Checks that this codec can decode the card, that it is within the limits, and that
  // its chunks cover every row of every layer once; only then allocates. Drops whatever
  // was decoded before.
  [[nodiscard]] Result<void> begin(const Manifest& manifest);

  // Decodes chunk `index` of the table. After an error the chunk is still missing and may
  // be added again; adding it a second time after success is an error.
  [[nodiscard]] Result<void> add(std::uint32_t index, ByteView payload);

  // Chunks of the table that have not been added, ascending.
  [[nodiscard]] std::vector<std::uint32_t> missing() const;
  [[nodiscard]] bool complete() const { return cache_.has_value() && missing_count_ == 0; }

  // The cache, once complete; the decoder is then empty. Otherwise an error that counts
  // the missing chunks.
  [[nodiscard]] Result<KvCache> take();

 private:
  DecodeLimits limits_;
  std::optional<ChunkPayloadDecoder> payloads_;
  std::vector<ChunkInfo> chunks_;
  std::vector<bool> added_;
  std::size_t missing_count_ = 0;
  std::optional<KvCache> cache_;
};

// The whole card, digests of the chunks checked first.
[[nodiscard]] Result<KvCache> decode(const Card& card, const DecodeLimits& limits = {});

}  // namespace kvferry
