// SPDX-License-Identifier: MIT
//
// REPAIR: one repair symbol of a block of packets, and which packets those are.
// SPEC.md, "Repair".
#pragma once

#include <cstdint>
#include <vector>

#include "protocol/base/result.h"
#include "protocol/datagram/repair_code.h"

namespace kvferry {

inline constexpr std::uint64_t kMaxRepairSpan = 256;  // packet numbers from a block's first to its last

struct RepairFrame {
  std::vector<std::uint64_t> numbers;  // of the packets covered, ascending
  std::uint8_t index = 0;              // of this symbol, below count
  std::uint8_t count = 0;              // of the block's repair symbols
  Bytes symbol;

  bool operator==(const RepairFrame&) const = default;
  void serialize(Bytes& out) const;  // the body
  [[nodiscard]] static Result<RepairFrame> parse(ByteView body);
};

}  // namespace kvferry
