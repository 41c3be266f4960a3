// SPDX-License-Identifier: MIT
#include "protocol/datagram/repair_frame.h"

#include "protocol/base/varint.h"
#include "protocol/card/range_pairs.h"

namespace kvferry {
namespace {

// Ranges of the numbers, relative to the first of them.
Bytes ranges_of(const std::vector<std::uint64_t>& numbers) {
  Bytes out;
  std::uint64_t end = 0;
  for (std::size_t i = 0; i < numbers.size();) {
    const std::size_t begin = i;
    while (i < numbers.size() && numbers[i] - numbers[begin] == i - begin) ++i;
    put_range_pair(out, end,
                   {static_cast<std::uint32_t>(numbers[begin] - numbers.front()),
                    static_cast<std::uint32_t>(i - begin)});
  }
  return out;
}

Result<std::vector<std::uint64_t>> numbers_of(std::uint64_t first, ByteView ranges) {
  auto pairs = parse_range_pairs(ranges, kMaxRepairSpan + 1, kMaxRepairSources);
  if (!pairs) return pairs.error();
  std::size_t size = 0;
  for (RangePair pair : *pairs) size += pair.length;
  if (size == 0 || size > kMaxRepairSources) return Error{"no packets, or more than 64"};
  if (pairs->front().start != 0) return Error{"the first range does not begin at the first number"};
  const std::uint64_t last = pairs->back().start + pairs->back().length - 1;
  if (last > kVarintMax - first) return Error{"a packet number above 2^62 - 1"};
  std::vector<std::uint64_t> numbers;
  numbers.reserve(size);
  for (RangePair pair : *pairs) {
    for (std::uint32_t i = 0; i < pair.length; ++i) numbers.push_back(first + pair.start + i);
  }
  return numbers;
}

}  // namespace

void RepairFrame::serialize(Bytes& out) const {
  const Bytes ranges = ranges_of(numbers);
  put_varint(out, numbers.front());
  put_varint(out, ranges.size());
  append(out, ranges);
  put_le(out, index);
  put_le(out, count);
  append(out, symbol);
}

Result<RepairFrame> RepairFrame::parse(ByteView body) {
  ByteReader in(body);
  auto first = in.take_varint();
  auto ranges_bytes = in.take_varint();
  auto ranges = in.take(ranges_bytes.value_or(0));
  auto index = in.take_le<std::uint8_t>();
  auto count = in.take_le<std::uint8_t>();
  if (!count) return Error{"REPAIR: truncated, or a varint that is not the shortest form"};
  if (*count > kMaxRepairSymbols || *index >= *count)
    return Error{"REPAIR: an index beyond the count, or a count above 32"};
  const ByteView symbol = in.rest();
  if (symbol.size() < kMinSymbolBytes || symbol.size() > kMaxSymbolBytes)
    return Error{"REPAIR: a symbol of less than 3 or more than 16383 bytes"};
  auto numbers = numbers_of(*first, *ranges);
  if (!numbers) return numbers.error().in("REPAIR");
  return RepairFrame{*std::move(numbers), *index, *count, Bytes(symbol.begin(), symbol.end())};
}

}  // namespace kvferry
