// SPDX-License-Identifier: MIT
#include "protocol/card/chunk_ranges.h"

#include <algorithm>
#include <limits>

#include "protocol/card/range_pairs.h"

namespace kvferry {
namespace {

std::uint64_t end_of(const ChunkRange& range) { return std::uint64_t{range.first} + range.count; }

}  // namespace

void ChunkRanges::add(std::uint32_t index) {
  if (ranges_.empty() || index > end_of(ranges_.back())) {
    ranges_.push_back({index, 1});
    return;
  }
  if (index == end_of(ranges_.back())) {
    ++ranges_.back().count;
    return;
  }
  auto after =
      std::find_if(ranges_.begin(), ranges_.end(), [&](const ChunkRange& r) { return end_of(r) >= index; });
  if (after == ranges_.end() || after->first > index) {
    bool joins = after != ranges_.end() && after->first == index + 1;
    if (joins) {
      after->first = index;
      ++after->count;
    } else {
      ranges_.insert(after, {index, 1});
    }
    return;
  }
  if (end_of(*after) != index) return;  // inside already
  ++after->count;
  auto next = after + 1;
  if (next != ranges_.end() && next->first == end_of(*after)) {
    after->count += next->count;
    ranges_.erase(next);
  }
}

ChunkRanges ChunkRanges::lowest(std::size_t max_bytes) const {
  ChunkRanges out;
  Bytes raw;
  std::uint64_t end = 0;
  for (const ChunkRange& range : ranges_) {
    put_range_pair(raw, end, {range.first, range.count});
    if (raw.size() > max_bytes || out.ranges_.size() == kMaxRanges) break;
    out.ranges_.push_back(range);
  }
  return out;
}

void ChunkRanges::remove(const ChunkRanges& lowest) {
  ranges_.erase(ranges_.begin(), ranges_.begin() + static_cast<std::ptrdiff_t>(lowest.ranges_.size()));
}

bool ChunkRanges::contains(std::uint32_t index) const {
  auto after = std::upper_bound(ranges_.begin(), ranges_.end(), index,
                                [](std::uint32_t i, const ChunkRange& r) { return i < r.first; });
  return after != ranges_.begin() && index < end_of(*(after - 1));
}

std::uint64_t ChunkRanges::size() const {
  std::uint64_t total = 0;
  for (const ChunkRange& range : ranges_) total += range.count;
  return total;
}

void ChunkRanges::serialize(Bytes& out) const {
  std::uint64_t end = 0;
  for (const ChunkRange& range : ranges_) put_range_pair(out, end, {range.first, range.count});
}

Result<ChunkRanges> ChunkRanges::parse(ByteView in) {
  auto pairs = parse_range_pairs(in, std::numeric_limits<std::uint32_t>::max(), kMaxRanges);
  if (!pairs) return pairs.error().in("chunk ranges");
  ChunkRanges out;
  for (RangePair pair : *pairs) out.ranges_.push_back({pair.start, pair.length});
  return out;
}

}  // namespace kvferry
