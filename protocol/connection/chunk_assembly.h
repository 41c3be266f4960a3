// SPDX-License-Identifier: MIT
//
// Chunks that are arriving: pieces in any order become whole payloads. Memory
// grows with what has arrived, and chunks begun, of all transfers of a
// connection together, stay within a window.
#pragma once

#include <map>
#include <optional>
#include <utility>

#include "protocol/base/range_set.h"
#include "protocol/base/slice.h"

namespace kvferry {

class ChunkAssembly {
 public:
  explicit ChunkAssembly(std::uint64_t window_bytes) : window_bytes_(window_bytes) {}

  struct Added {
    bool no_room = false;          // nothing was taken: a new chunk would exceed the window
    std::uint64_t new_bytes = 0;   // the rest was here already
    std::optional<Slice> whole{};  // the chunk, once complete; it is no longer held here
  };

  // offset + bytes.size() is at most size_bytes, the chunk's size, which is within the limits.
  [[nodiscard]] Added add(std::uint64_t transfer, std::uint32_t chunk, std::uint32_t size_bytes,
                          std::uint64_t offset, ByteView bytes);
  void drop(std::uint64_t transfer);

  [[nodiscard]] std::uint64_t open_bytes() const { return open_bytes_; }  // sizes of the chunks begun

 private:
  struct Open {
    std::uint32_t size_bytes = 0;
    Bytes bytes;
    RangeSet here;
  };
  std::uint64_t window_bytes_;
  std::uint64_t open_bytes_ = 0;
  std::map<std::pair<std::uint64_t, std::uint32_t>, Open> open_;  // by transfer and chunk
};

}  // namespace kvferry
