// SPDX-License-Identifier: MIT
//
// Chunks that are arriving: pieces in any order (datagrams) or in order
// (streams) become whole payloads, each on the stream that it began on. A chunk begun counts with its whole
// size; whoever calls sees to it that the sum stays within the credit.
#pragma once

#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "protocol/base/range_set.h"
#include "protocol/base/slice.h"
#include "protocol/card/chunk_prefixes.h"

namespace kvferry {

class ChunkAssembly {
 public:
  static constexpr std::size_t kMaxGaps = 1024;    // that are remembered of one chunk
  static constexpr std::size_t kMaxOpen = 16'384;  // chunks: small ones cost more than their size

  // size_bytes is within the limits. prefix: what is here of an earlier connection.
  void begin(std::uint64_t transfer, std::uint32_t chunk, std::uint32_t size_bytes, ByteView prefix = {},
             std::uint32_t stream = 0);
  [[nodiscard]] bool has(std::uint64_t transfer, std::uint32_t chunk) const;
  // Any chunk of the transfer on the stream.
  [[nodiscard]] bool has_any(std::uint64_t transfer, std::uint32_t stream = 0) const;
  [[nodiscard]] bool is_full() const { return open_.size() >= kMaxOpen; }
  [[nodiscard]] bool is_on(std::uint64_t transfer, std::uint32_t chunk, std::uint32_t stream) const;
  // How far the chunk is here without a gap.
  [[nodiscard]] std::uint64_t contiguous_bytes(std::uint64_t transfer, std::uint32_t chunk) const;

  struct Added {
    bool no_room = false;          // nothing was taken: there would be too many gaps
    std::uint64_t new_bytes = 0;   // the rest was here already
    std::optional<Slice> whole{};  // the chunk, once complete; it is no longer held here
  };
  // The chunk has begun; offset + bytes.size() is at most its size.
  [[nodiscard]] Added add(std::uint64_t transfer, std::uint32_t chunk, std::uint64_t offset, ByteView bytes);

  // Forgets a chunk; returns its size, 0 if it had not begun.
  std::uint32_t drop(std::uint64_t transfer, std::uint32_t chunk);
  // Forgets all chunks of a transfer; returns what is there from their beginning on.
  std::vector<PartialChunk> drop(std::uint64_t transfer);

  [[nodiscard]] std::uint64_t open_bytes() const { return open_bytes_; }  // sizes of the chunks begun

 private:
  struct Open {
    std::uint32_t size_bytes = 0;
    std::uint32_t stream = 0;
    Bytes bytes;
    RangeSet here;
  };
  using Key = std::pair<std::uint64_t, std::uint32_t>;  // transfer and chunk

  std::uint64_t open_bytes_ = 0;
  std::map<Key, Open> open_;
};

}  // namespace kvferry
