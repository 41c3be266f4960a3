// SPDX-License-Identifier: MIT
//
// Which token positions a layer kept: ascending ranges that neither touch nor
// overlap. Row r of a layer's tensors belongs to the r-th position of its set.
#pragma once

#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

namespace kvferry {

struct TokenRange {
  std::uint32_t start = 0;
  std::uint32_t length = 0;
  bool operator==(const TokenRange&) const = default;
};

class PositionSet {
 public:
  PositionSet() = default;  // empty

  // Positions 0 .. count-1.
  [[nodiscard]] static PositionSet all(std::uint32_t count);
  // Strictly ascending, not negative.
  [[nodiscard]] static Result<PositionSet> from_positions(std::span<const std::int32_t> positions);
  // Varint pairs (gap since the last range's end, length); the first gap may be 0. Shortest form only.
  // Refuses positions at or above token_count.
  [[nodiscard]] static Result<PositionSet> parse(ByteView in, std::uint64_t token_count);
  void serialize(Bytes& out) const;

  [[nodiscard]] const std::vector<TokenRange>& ranges() const { return ranges_; }
  [[nodiscard]] std::uint32_t size() const { return size_; }  // positions
  [[nodiscard]] std::uint32_t end() const;                    // one past the last position; 0 when empty
  [[nodiscard]] std::vector<std::int32_t> positions() const;

  bool operator==(const PositionSet&) const = default;

 private:
  std::vector<TokenRange> ranges_;
  std::uint32_t size_ = 0;
};

}  // namespace kvferry
