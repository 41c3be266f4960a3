// SPDX-License-Identifier: MIT
//
// Where payload comes from and where it goes. A connection pulls from a
// ChunkSource and pushes to a ChunkSink; both are called from within the
// connection's own calls and must not call it back.
#pragma once

#include <string>

#include "protocol/base/slice.h"
#include "protocol/card/chunk_prefixes.h"
#include "protocol/card/chunk_ranges.h"
#include "protocol/card/manifest.h"

namespace kvferry {

class ChunkSource {
 public:
  virtual ~ChunkSource() = default;
  // Constant for the life of the source.
  [[nodiscard]] virtual const Manifest& manifest() const = 0;
  // The payload of one chunk, of the size that the table names. Held until it is acknowledged. May be called
  // again for the same chunk. An error cancels the transfer with its message.
  [[nodiscard]] virtual Result<Slice> chunk(std::uint32_t index) = 0;
};

class ChunkSink {
 public:
  virtual ~ChunkSink() = default;
  // The manifest has arrived and is valid. An error refuses the transfer with its message as the reason.
  [[nodiscard]] virtual Result<void> begin(const Manifest& manifest) = 0;
  // After begin(): the chunks of this card that are here already, verified. They will not be sent.
  [[nodiscard]] virtual ChunkRanges held(const Manifest&) { return {}; }
  // A whole chunk whose digest has been checked. Each index once, in any order. An error rejects the
  // transfer.
  [[nodiscard]] virtual Result<void> chunk(std::uint32_t index, Slice payload) = 0;
  // No more chunks come. whole: every chunk of the table has arrived or was held before; otherwise the
  // receiver itself has stopped the transfer. An error rejects the transfer.
  [[nodiscard]] virtual Result<void> finish(bool whole) = 0;
  // Before abandon(): beginnings of chunks that broke off, ascending, to resume with
  // (RequestOptions::partial).
  virtual void keep(const std::vector<PartialChunk>&) {}
  // The transfer ended without finish(): drop what was collected. The last call.
  virtual void abandon(const std::string& reason) = 0;
};

}  // namespace kvferry
