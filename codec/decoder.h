// SPDX-License-Identifier: MIT
//
// Card -> KvCache, whole or chunk by chunk as they arrive.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "codec/calibration/calibration.h"
#include "codec/kv_cache.h"
#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "protocol/card/card.h"

namespace kvferry {

struct DecodeLimits {
  std::uint64_t max_cache_bytes = std::uint64_t{8} << 30;   // FP16, of what the card holds
  std::uint64_t max_table_bytes = std::uint64_t{64} << 20;  // of what chunks share, decompressed
};

struct DecodeOptions {
  DecodeLimits limits = {};
  std::shared_ptr<const LoadedCalibration> calibration = {};  // the one that the manifest names, if it does
};

// begin, then add for every chunk in any order, then take. Payloads are expected to be
// verified against their digests already; one that is not may decode to other numbers,
// but does no harm.
class ChunkDecoder {
 public:
  explicit ChunkDecoder(DecodeOptions options = {});
  ~ChunkDecoder();
  ChunkDecoder(ChunkDecoder&&) noexcept;
  ChunkDecoder& operator=(ChunkDecoder&&) noexcept;

  // Checks that this codec can decode the card, that the calibration is the one it names,
  // that it is within the limits, and that its chunks cover every row of every layer once;
  // only then allocates. Drops whatever was decoded before.
  [[nodiscard]] Result<void> begin(const Manifest& manifest);

  // Decodes chunk `index` of the table. After an error the chunk is still missing and may
  // be added again; adding it a second time after success is an error. Tables come first, and levels after
  // those that they refine: chunks added before what they need are kept undecoded. One of those that turns
  // out bad is missing again, and the add that it waited for says so.
  [[nodiscard]] Result<void> add(std::uint32_t index, ByteView payload);

  // The cache as far as it has come: of every layer the rows whose K and V are here, each as good as its
  // levels make it. More chunks may follow. The error says that no row is here yet.
  [[nodiscard]] Result<KvCache> snapshot() const;

  // Chunks of the table that have not been added, ascending.
  [[nodiscard]] std::vector<std::uint32_t> missing() const;
  [[nodiscard]] bool complete() const;

  // The cache, once complete; the decoder is then empty. Otherwise an error that counts
  // the missing chunks.
  [[nodiscard]] Result<KvCache> take();

 private:
  struct State;
  DecodeOptions options_;
  std::unique_ptr<State> state_;  // from begin to take
};

// The whole card, digests of the chunks checked first.
[[nodiscard]] Result<KvCache> decode(const Card& card, const DecodeOptions& options = {});

// A snapshot of the first `chunk_count` chunks; of those without bytes nothing. Digests are not checked.
[[nodiscard]] Result<KvCache> decode_beginning(const Card& card, std::uint32_t chunk_count,
                                               const DecodeOptions& options = {});

}  // namespace kvferry
