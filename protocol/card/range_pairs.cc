// SPDX-License-Identifier: MIT
#include "protocol/card/range_pairs.h"

#include "protocol/base/varint.h"

namespace kvferry {

Result<std::vector<RangePair>> parse_range_pairs(ByteView in, std::uint64_t limit, std::size_t max_ranges) {
  std::vector<RangePair> ranges;
  ByteReader reader(in);
  std::uint64_t end = 0;
  while (!reader.at_end()) {
    auto gap = reader.take_varint();
    auto length = reader.take_varint();
    std::string where = "range " + std::to_string(ranges.size());
    if (!gap || !length) return Error{where + ": truncated, or a varint that is not the shortest form"};
    if (*length == 0 || (*gap == 0 && !ranges.empty()))
      return Error{where + ": empty or touching the one before"};
    if (*gap > limit - end || *length > limit - end - *gap) {
      return Error{where + ": ends above " + std::to_string(limit)};
    }
    if (ranges.size() == max_ranges) return Error{"more than " + std::to_string(max_ranges) + " ranges"};
    ranges.push_back({static_cast<std::uint32_t>(end + *gap), static_cast<std::uint32_t>(*length)});
    end += *gap + *length;
  }
  return ranges;
}

void put_range_pair(Bytes& out, std::uint64_t& previous_end, RangePair range) {
  put_varint(out, range.start - previous_end);
  put_varint(out, range.length);
  previous_end = std::uint64_t{range.start} + range.length;
}

}  // namespace kvferry
