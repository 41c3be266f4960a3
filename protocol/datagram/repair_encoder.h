// SPDX-License-Identifier: MIT
//
// The sending side of repair: collects packets into a block and makes its REPAIR
// frames. For each packet, once its number is known:
//   if (!fits(number)) close();  add(number, frames);  if (should_close()) close();
// and close() once more when there is nothing left to send.
#pragma once

#include <algorithm>

#include "protocol/base/varint.h"
#include "protocol/datagram/repair_frame.h"

namespace kvferry {

class RepairEncoder {
 public:
  static constexpr std::size_t kMaxRanges = 8;  // of packet numbers in a block: they cost room in its packets

  static constexpr std::size_t kUsualPackets = 48;

  explicit RepairEncoder(std::size_t max_packets = kUsualPackets)
      : max_packets_(std::clamp<std::size_t>(max_packets, 1, kMaxRepairSources)) {}

  // Whether the block can cover this number, above those it has.
  [[nodiscard]] bool fits(std::uint64_t number) const;
  void add(std::uint64_t number, ByteView frames);
  [[nodiscard]] bool should_close() const { return numbers_.size() >= max_packets_; }
  [[nodiscard]] bool empty() const { return numbers_.empty(); }
  [[nodiscard]] std::size_t size() const { return numbers_.size(); }
  // So many REPAIR frames of the block, at most one for each packet; the next block begins.
  [[nodiscard]] std::vector<RepairFrame> close(std::size_t count);

  // How much longer than the frames of the longest packet of a block its REPAIR frames may be, with their
  // heads: room that the packet of this number must leave, so that they fit into packets too.
  [[nodiscard]] static constexpr std::size_t overhead_bytes(std::uint64_t number) {
    constexpr std::size_t kFrameHead = 1 + 2;
    constexpr std::size_t kRanges = 1 + 2 * kMaxRanges + 3;  // three gaps may be 64 or more
    constexpr std::size_t kIndexAndCount = 2;
    return kFrameHead + varint_size(number) + kRanges + kIndexAndCount + kSymbolHeadBytes;
  }

 private:
  std::size_t max_packets_;
  std::vector<std::uint64_t> numbers_;
  std::vector<Bytes> symbols_;  // not yet padded
  std::size_t ranges_ = 0;
  std::size_t symbol_bytes_ = 0;
};

}  // namespace kvferry
