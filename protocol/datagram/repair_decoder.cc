// SPDX-License-Identifier: MIT
#include "protocol/datagram/repair_decoder.h"

#include <algorithm>
#include <utility>

namespace kvferry {

std::vector<RecoveredPacket> RepairDecoder::on_packet(std::uint64_t number, ByteView frames) {
  remember(number, frames);
  return solve_ready();
}

std::vector<RecoveredPacket> RepairDecoder::on_repair(RepairFrame frame) {
  if (frame.numbers.front() < floor_) return {};
  auto block = find_or_open(frame);
  if (block->missing == 0) {
    close(block);
    return {};
  }
  auto repeats = [&](const RepairSymbol& repair) { return repair.index == frame.index; };
  if (std::any_of(block->repairs.begin(), block->repairs.end(), repeats)) return {};
  repair_bytes_ += frame.symbol.size();
  block->repairs.push_back({frame.index, std::move(frame.symbol)});
  while (blocks_.size() > kMaxBlocks || repair_bytes_ > kMaxRepairBytes) close(lowest_block());
  return solve_ready();
}

void RepairDecoder::remember(std::uint64_t number, ByteView frames) {
  if (number < floor_ || frames.empty() || packets_.contains(number)) return;
  Packets::node_type room;
  if (packets_.size() == kMaxPackets && number > packets_.begin()->first) room = forget_lowest_packet();
  keep(number, frames, std::move(room));
  packet_bytes_ += frames.size();
  for (Block& block : blocks_) {
    if (std::binary_search(block.numbers.begin(), block.numbers.end(), number)) --block.missing;
  }
  while (packets_.size() > kMaxPackets || packet_bytes_ > kMaxPacketBytes) forget_lowest_packet();
}

// In memory of one that was forgotten, if there is one.
void RepairDecoder::keep(std::uint64_t number, ByteView frames, Packets::node_type room) {
  if (room.empty()) {
    packets_.emplace_hint(packets_.end(), number, Bytes(frames.begin(), frames.end()));
    return;
  }
  room.key() = number;
  room.mapped().assign(frames.begin(), frames.end());
  packets_.insert(packets_.end(), std::move(room));
}

RepairDecoder::Packets::node_type RepairDecoder::forget_lowest_packet() {
  Packets::node_type lowest = packets_.extract(packets_.begin());
  floor_ = lowest.key() + 1;
  packet_bytes_ -= lowest.mapped().size();
  while (!blocks_.empty() && lowest_block()->numbers.front() < floor_) close(lowest_block());
  return lowest;
}

RepairDecoder::Blocks::iterator RepairDecoder::find_or_open(const RepairFrame& frame) {
  auto same = [&](const Block& block) {
    return block.count == frame.count && block.symbol_bytes == frame.symbol.size() &&
           block.numbers == frame.numbers;
  };
  auto found = std::find_if(blocks_.begin(), blocks_.end(), same);
  if (found != blocks_.end()) return found;
  Block block{frame.numbers, frame.count, frame.symbol.size(), 0, {}};
  for (std::uint64_t number : block.numbers) block.missing += packets_.contains(number) ? 0 : 1;
  return blocks_.insert(blocks_.end(), std::move(block));
}

RepairDecoder::Blocks::iterator RepairDecoder::lowest_block() {
  return std::min_element(blocks_.begin(), blocks_.end(), [](const Block& a, const Block& b) {
    return a.numbers.front() < b.numbers.front();
  });
}

void RepairDecoder::close(Blocks::iterator block) {
  repair_bytes_ -= block->repairs.size() * block->symbol_bytes;
  blocks_.erase(block);
}

std::vector<RecoveredPacket> RepairDecoder::solve_ready() {
  std::vector<RecoveredPacket> all;
  auto next_ready = [this] {
    return std::find_if(blocks_.begin(), blocks_.end(),
                        [](const Block& block) { return block.missing <= block.repairs.size(); });
  };
  for (auto at = next_ready(); at != blocks_.end(); at = next_ready()) {
    auto recovered = solve(*at);
    close(at);
    for (RecoveredPacket& packet : recovered) {
      remember(packet.number, packet.frames);  // which may complete another block
      all.push_back(std::move(packet));
    }
  }
  return all;
}

// Nothing when a symbol shows that the block is not what its sender made: all that is solved depends on it.
std::vector<RecoveredPacket> RepairDecoder::solve(const Block& block) const {
  std::vector<RecoveredPacket> recovered;
  if (block.missing == 0) return recovered;
  std::vector<Bytes> sources;
  for (std::uint64_t number : block.numbers) {
    auto found = packets_.find(number);
    const bool here = found != packets_.end();
    if (here && found->second.size() + kSymbolHeadBytes > block.symbol_bytes) return {};
    sources.push_back(here ? source_symbol(found->second, block.symbol_bytes) : Bytes{});
    if (!here) recovered.push_back({number, {}});
  }
  auto to = recovered.begin();
  for (const Bytes& symbol : solve_missing(sources, block.repairs)) {
    auto frames = frames_of_symbol(symbol);
    if (!frames) return {};
    (to++)->frames.assign(frames->begin(), frames->end());
  }
  return recovered;
}

}  // namespace kvferry
