// SPDX-License-Identifier: MIT
#include "protocol/base/range_set.h"

#include <algorithm>

namespace kvferry {

std::uint64_t RangeSet::add(std::uint64_t begin, std::uint64_t end) {
  if (begin >= end) return 0;
  auto first = std::lower_bound(ranges_.begin(), ranges_.end(), begin,
                                [](const Range& r, std::uint64_t value) { return r.end < value; });
  Range merged{begin, end};
  std::uint64_t old = 0;
  auto last = first;
  for (; last != ranges_.end() && last->begin <= end; ++last) {
    merged.begin = std::min(merged.begin, last->begin);
    merged.end = std::max(merged.end, last->end);
    old += last->end - last->begin;
  }
  if (first == last) {
    ranges_.insert(first, merged);
  } else {
    *first = merged;
    ranges_.erase(first + 1, last);
  }
  std::uint64_t fresh = merged.end - merged.begin - old;
  size_ += fresh;
  return fresh;
}

bool RangeSet::touches(std::uint64_t begin, std::uint64_t end) const {
  auto first = std::lower_bound(ranges_.begin(), ranges_.end(), begin,
                                [](const Range& r, std::uint64_t value) { return r.end < value; });
  return first != ranges_.end() && first->begin <= end;
}

bool RangeSet::contains(std::uint64_t value) const {
  auto after = std::upper_bound(ranges_.begin(), ranges_.end(), value,
                                [](std::uint64_t v, const Range& r) { return v < r.begin; });
  return after != ranges_.begin() && value < (after - 1)->end;
}

std::vector<Range> RangeSet::missing(std::uint64_t begin, std::uint64_t end) const {
  std::vector<Range> gaps;
  auto at = std::lower_bound(ranges_.begin(), ranges_.end(), begin,
                             [](const Range& r, std::uint64_t value) { return r.end <= value; });
  for (; at != ranges_.end() && at->begin < end; ++at) {
    if (begin < at->begin) gaps.push_back({begin, at->begin});
    begin = at->end;
  }
  if (begin < end) gaps.push_back({begin, end});
  return gaps;
}

void RangeSet::forget_below(std::uint64_t floor) {
  while (!ranges_.empty() && ranges_.front().begin < floor) {
    Range& lowest = ranges_.front();
    std::uint64_t cut = std::min(lowest.end, floor);
    size_ -= cut - lowest.begin;
    lowest.begin = cut;
    if (lowest.begin < lowest.end) break;
    ranges_.erase(ranges_.begin());
  }
}

Range RangeSet::take_lowest(std::uint64_t max_size) {
  Range lowest = ranges_.front();
  lowest.end = std::min(lowest.end, lowest.begin + max_size);
  forget_below(lowest.end);
  return lowest;
}

}  // namespace kvferry
