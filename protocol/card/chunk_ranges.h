// SPDX-License-Identifier: MIT
//
// A set of chunk indices as ascending ranges: what a receiver already has.
#pragma once

#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

namespace kvferry {

struct ChunkRange {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  bool operator==(const ChunkRange&) const = default;
};

class ChunkRanges {
 public:
  static constexpr std::size_t kMaxRanges = 4096;

  void add(std::uint32_t index);  // any order; repeated indices are one, ascending ones are cheap
  // The lowest ranges, as many as a message holds: at most kMaxRanges of them, in at most max_bytes.
  [[nodiscard]] ChunkRanges lowest(std::size_t max_bytes) const;
  void remove(const ChunkRanges& lowest);  // ranges that lowest() returned
  [[nodiscard]] bool contains(std::uint32_t index) const;
  [[nodiscard]] bool empty() const { return ranges_.empty(); }
  [[nodiscard]] std::uint64_t size() const;  // indices
  [[nodiscard]] const std::vector<ChunkRange>& ranges() const { return ranges_; }

  // Calls f(index) for each, ascending, until it returns false (if it returns anything).
  template <typename Function>
  void for_each(Function&& f) const {
    for (const ChunkRange& range : ranges_) {
      for (std::uint64_t i = range.first, end = i + range.count; i < end; ++i) {
        if constexpr (std::is_void_v<decltype(f(std::uint32_t{}))>) {
          f(static_cast<std::uint32_t>(i));
        } else if (!f(static_cast<std::uint32_t>(i))) {
          return;
        }
      }
    }
  }

  // Varint pairs (gap since the last range's end, count), as in a position set.
  void serialize(Bytes& out) const;
  [[nodiscard]] static Result<ChunkRanges> parse(ByteView in);

  bool operator==(const ChunkRanges&) const = default;

 private:
  std::vector<ChunkRange> ranges_;
};

}  // namespace kvferry
