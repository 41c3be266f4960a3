// SPDX-License-Identifier: MIT
//
// All that came of one transfer, as it came: nothing is judged here.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "protocol/base/range_set.h"
#include "protocol/card/chunk_info.h"
#include "protocol/wire/messages.h"

namespace kvferry::conform {

inline constexpr std::uint64_t kMaxChunkBytes = std::uint64_t{64} << 20;  // as our HELLO says

// A DATA frame without its bytes.
struct DataSeen {
  DataPlace place;
  std::uint64_t size_bytes = 0;
  std::size_t order = 0;  // of all DATA of the connection
};

struct ChunkSeen {
  RangeSet here;
  Bytes bytes;  // as far as the furthest piece, gaps are 0
};

struct Reception {
  std::optional<ManifestMessage> manifest;
  std::optional<std::uint64_t> page_count;  // the root's word; none when it makes no sense
  std::map<std::uint64_t, Bytes> pages;
  std::vector<DataSeen> data;
  std::map<std::uint64_t, ChunkSeen> chunks;
  std::map<std::uint32_t, SkipReason> skipped;
  std::optional<EndMessage> end;
  std::optional<RefuseMessage> refused;
  std::optional<CancelMessage> cancelled;
  std::size_t data_before_pages = 0;  // DATA frames that came before the whole manifest

  void take_manifest(ManifestMessage message);
  void take_data(const DataPlace& place, ByteView bytes, std::size_t order);
  [[nodiscard]] bool manifest_whole() const { return page_count && pages.size() >= *page_count; }
  [[nodiscard]] std::uint64_t payload_bytes() const;       // of all DATA
  [[nodiscard]] std::uint64_t distinct_bytes() const;      // without what came again
  [[nodiscard]] std::vector<std::uint64_t> begun() const;  // chunks, in the order in which they began
  [[nodiscard]] std::uint64_t bytes_of(std::uint64_t chunk) const;  // distinct ones that are here
};

}  // namespace kvferry::conform
