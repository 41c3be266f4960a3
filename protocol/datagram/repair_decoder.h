// SPDX-License-Identifier: MIT
//
// The receiving side of repair: remembers the newest packets and the blocks that
// lack some, and gives back what is lost as soon as a block has enough symbols.
//
// What it holds is bounded, whatever the peer sends: kMaxPackets packets of
// kMaxPacketBytes together, and kMaxBlocks blocks with kMaxRepairBytes of symbols.
// The lowest packet numbers make room for higher ones.
#pragma once

#include <map>

#include "protocol/datagram/repair_frame.h"

namespace kvferry {

struct RecoveredPacket {
  std::uint64_t number = 0;
  Bytes frames;
  bool operator==(const RecoveredPacket&) const = default;
};

class RepairDecoder {
 public:
  static constexpr std::size_t kMaxPackets = 512;
  static constexpr std::size_t kMaxPacketBytes = 1024 * 1024;
  static constexpr std::size_t kMaxBlocks = 8;
  static constexpr std::size_t kMaxRepairBytes = 1024 * 1024;

  // A packet that arrived. Like the repair symbol below, it may complete a block: then these are the packets
  // that were missing. They may also arrive late, or have arrived so long ago that they were forgotten.
  [[nodiscard]] std::vector<RecoveredPacket> on_packet(std::uint64_t number, ByteView frames);
  [[nodiscard]] std::vector<RecoveredPacket> on_repair(RepairFrame frame);

  [[nodiscard]] std::size_t packets() const { return packets_.size(); }
  [[nodiscard]] std::size_t packet_bytes() const { return packet_bytes_; }
  [[nodiscard]] std::size_t blocks() const { return blocks_.size(); }
  [[nodiscard]] std::size_t repair_bytes() const { return repair_bytes_; }

 private:
  struct Block {
    std::vector<std::uint64_t> numbers;
    std::size_t count = 0;  // repair symbols that there are
    std::size_t symbol_bytes = 0;
    std::size_t missing = 0;  // of the packets
    std::vector<RepairSymbol> repairs;
  };
  using Blocks = std::vector<Block>;
  using Packets = std::map<std::uint64_t, Bytes>;

  void remember(std::uint64_t number, ByteView frames);
  void keep(std::uint64_t number, ByteView frames, Packets::node_type room);
  Packets::node_type forget_lowest_packet();
  [[nodiscard]] Blocks::iterator find_or_open(const RepairFrame& frame);
  [[nodiscard]] Blocks::iterator lowest_block();
  void close(Blocks::iterator block);
  [[nodiscard]] std::vector<RecoveredPacket> solve_ready();
  [[nodiscard]] std::vector<RecoveredPacket> solve(const Block& block) const;

  Packets packets_;
  std::size_t packet_bytes_ = 0;
  std::uint64_t floor_ = 0;  // what is below is forgotten
  Blocks blocks_;            // none of them reaches below the floor
  std::size_t repair_bytes_ = 0;
};

}  // namespace kvferry
