// SPDX-License-Identifier: MIT
#include "protocol/card/position_set.h"

#include <limits>

#include "protocol/card/range_pairs.h"

namespace kvferry {

PositionSet PositionSet::all(std::uint32_t count) {
  PositionSet set;
  if (count > 0) set.ranges_.push_back({0, count});
  set.size_ = count;
  return set;
}

Result<PositionSet> PositionSet::from_positions(std::span<const std::int32_t> positions) {
  PositionSet set;
  std::int64_t last = -1;
  for (std::int32_t position : positions) {
    if (position <= last) {
      return Error{"position set: " + std::to_string(position) + " after " + std::to_string(last) +
                   ", expected strictly ascending positions from 0 on"};
    }
    auto at = static_cast<std::uint32_t>(position);
    if (!set.ranges_.empty() && set.end() == at) {
      ++set.ranges_.back().length;
    } else {
      set.ranges_.push_back({at, 1});
    }
    ++set.size_;
    last = position;
  }
  return set;
}

Result<PositionSet> PositionSet::parse(ByteView in, std::uint64_t token_count) {
  auto pairs = parse_range_pairs(in, token_count, std::numeric_limits<std::size_t>::max());
  if (!pairs) return pairs.error().in("position set");
  PositionSet set;
  set.ranges_.reserve(pairs->size());
  for (RangePair pair : *pairs) {
    set.ranges_.push_back({pair.start, pair.length});
    set.size_ += pair.length;
  }
  return set;
}

void PositionSet::serialize(Bytes& out) const {
  std::uint64_t end = 0;
  for (TokenRange range : ranges_) put_range_pair(out, end, {range.start, range.length});
}

std::uint32_t PositionSet::end() const {
  return ranges_.empty() ? 0 : ranges_.back().start + ranges_.back().length;
}

std::vector<std::int32_t> PositionSet::positions() const {
  std::vector<std::int32_t> out;
  out.reserve(size_);
  for (TokenRange range : ranges_) {
    for (std::uint32_t i = 0; i < range.length; ++i)
      out.push_back(static_cast<std::int32_t>(range.start + i));
  }
  return out;
}

}  // namespace kvferry
