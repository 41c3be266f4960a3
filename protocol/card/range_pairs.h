// SPDX-License-Identifier: MIT
//
// Ascending ranges as varint pairs (gap since the last range's end, length):
// the common encoding of position sets and chunk ranges. Ranges never touch,
// so the form is unique.
#pragma once

#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

namespace kvferry {

struct RangePair {
  std::uint32_t start = 0;
  std::uint32_t length = 0;
};

// Refuses touching or empty ranges, more than max_ranges of them, and ends above `limit` (at most 2^32 - 1).
[[nodiscard]] Result<std::vector<RangePair>> parse_range_pairs(ByteView in, std::uint64_t limit,
                                                               std::size_t max_ranges);

// previous_end: 0 before the first range; updated.
void put_range_pair(Bytes& out, std::uint64_t& previous_end, RangePair range);

}  // namespace kvferry
