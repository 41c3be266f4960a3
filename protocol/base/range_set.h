// SPDX-License-Identifier: MIT
//
// Sets of integers as sorted half-open ranges that never touch: bytes that
// arrived, packet numbers that were acknowledged.
#pragma once

#include <cstdint>
#include <vector>

namespace kvferry {

struct Range {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;  // one past the last
  bool operator==(const Range&) const = default;
};

class RangeSet {
 public:
  // Adds [begin, end); returns how many of its members are new.
  std::uint64_t add(std::uint64_t begin, std::uint64_t end);
  [[nodiscard]] bool contains(std::uint64_t value) const;
  // Adding [begin, end) would make no new range: it overlaps one or stands right beside it.
  [[nodiscard]] bool touches(std::uint64_t begin, std::uint64_t end) const;
  // The parts of [begin, end) that are not in the set.
  [[nodiscard]] std::vector<Range> missing(std::uint64_t begin, std::uint64_t end) const;
  // Everything below `floor` leaves the set.
  void forget_below(std::uint64_t floor);
  // Removes and returns up to max_size members from the front of the lowest range; the set is not empty.
  Range take_lowest(std::uint64_t max_size);

  [[nodiscard]] const std::vector<Range>& ranges() const { return ranges_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }  // members
  [[nodiscard]] bool empty() const { return ranges_.empty(); }

 private:
  std::vector<Range> ranges_;
  std::uint64_t size_ = 0;
};

}  // namespace kvferry
