// SPDX-License-Identifier: MIT
//
// Recovery whatever the order, and peers that mean harm.
#include "protocol/datagram/repair_decoder.h"

#include <gtest/gtest.h>

#include <functional>

#include "tests/protocol/repair_blocks.h"

namespace kvferry::test {
namespace {

using Recovered = std::vector<RecoveredPacket>;

void expect_bounded(const RepairDecoder& decoder) {
  ASSERT_LE(decoder.packets(), RepairDecoder::kMaxPackets);
  ASSERT_LE(decoder.packet_bytes(), RepairDecoder::kMaxPacketBytes);
  ASSERT_LE(decoder.blocks(), RepairDecoder::kMaxBlocks);
  ASSERT_LE(decoder.repair_bytes(), RepairDecoder::kMaxRepairBytes);
}

// What a network makes of blocks: packets and repair symbols in any order, some twice, some never.
struct Arrivals {
  std::vector<std::function<Recovered(RepairDecoder&)>> calls;

  void packet(const SentPacketFrames& packet) {
    calls.push_back([&packet](RepairDecoder& d) { return d.on_packet(packet.number, packet.frames); });
  }
  void repair(const RepairFrame& frame) {
    calls.push_back([&frame](RepairDecoder& d) { return d.on_repair(frame); });
  }
  [[nodiscard]] Recovered run(RepairDecoder& decoder) const {
    Recovered all;
    for (const auto& call : calls) {
      for (RecoveredPacket& packet : call(decoder)) all.push_back(std::move(packet));
    }
    return all;
  }
};

bool is_frames_of(const SentBlock& block, const RecoveredPacket& recovered) {
  return std::any_of(block.packets.begin(), block.packets.end(), [&](const SentPacketFrames& packet) {
    return packet.number == recovered.number && packet.frames == recovered.frames;
  });
}

TEST(RepairDecoder, recovers_what_is_lost_in_any_order_and_with_duplicates) {
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const SentBlock block = send_block(rng, random_shape(rng));
    const std::size_t k = block.packets.size();
    std::vector<std::size_t> symbols;
    for (std::size_t i = 0; i < k + block.repairs.size(); ++i) symbols.push_back(i);
    shuffle(rng, symbols);
    symbols.resize(k + rng.below(block.repairs.size() + 1));
    Arrivals arrivals;
    std::vector<bool> has(k);
    for (std::size_t symbol : symbols) {
      for (std::uint64_t copies = 1 + rng.below(2); copies > 0; --copies) {
        symbol < k ? arrivals.packet(block.packets[symbol]) : arrivals.repair(block.repairs[symbol - k]);
      }
      if (symbol < k) has[symbol] = true;
    }
    shuffle(rng, arrivals.calls);
    RepairDecoder decoder;
    for (const RecoveredPacket& packet : arrivals.run(decoder)) {
      ASSERT_TRUE(is_frames_of(block, packet));
      auto at = std::ranges::find(block.packets, packet.number, &SentPacketFrames::number);
      has[static_cast<std::size_t>(at - block.packets.begin())] = true;
    }
    ASSERT_EQ(std::ranges::count(has, true), static_cast<std::ptrdiff_t>(k));
    ASSERT_EQ(decoder.blocks(), 0u);
    ASSERT_EQ(decoder.repair_bytes(), 0u);
  }
}

TEST(RepairDecoder, lacks_packets_of_hardly_a_block_in_a_thousand_at_the_loss_that_was_expected) {
  constexpr std::uint64_t kBlocks = 2000;
  for (double loss : {0.01, 0.05}) {
    const std::uint64_t seed = 7;
    SCOPED_TRACE("seed " + std::to_string(seed) + ", loss " + std::to_string(loss));
    Rng rng(seed);
    RepairDecoder decoder;
    std::size_t incomplete = 0;
    for (std::uint64_t i = 0; i < kBlocks; ++i) {
      const SentBlock block = send_block(rng, {100 * i, 48, 50, loss, 0});
      Arrivals arrivals;
      for (const SentPacketFrames& packet : block.packets) {
        if (!rng.chance(loss)) arrivals.packet(packet);
      }
      const std::size_t lost = block.packets.size() - arrivals.calls.size();
      for (const RepairFrame& frame : block.repairs) {
        if (!rng.chance(loss)) arrivals.repair(frame);
      }
      incomplete += arrivals.run(decoder).size() < lost ? 1 : 0;
    }
    EXPECT_LE(incomplete, kBlocks / 400);  // a thousandth, and what chance adds
  }
}

TEST(RepairDecoder, does_the_same_with_the_same_arrivals) {
  Rng rng(5);
  std::vector<SentBlock> blocks;
  for (std::uint64_t i = 0; i < 20; ++i) blocks.push_back(send_block(rng, {100 * i, 40, 1400, 0.1, 0.05}));
  Arrivals arrivals;
  for (const SentBlock& block : blocks) {
    for (const SentPacketFrames& packet : block.packets) {
      if (!rng.chance(0.1)) arrivals.packet(packet);
    }
    for (const RepairFrame& frame : block.repairs) {
      if (!rng.chance(0.1)) arrivals.repair(frame);
    }
  }
  RepairDecoder one, other;
  const Recovered recovered = arrivals.run(one);
  EXPECT_GT(recovered.size(), 50u);
  EXPECT_EQ(arrivals.run(other), recovered);
}

TEST(RepairDecoder, waits_while_symbols_are_too_few_and_goes_on_with_a_late_packet) {
  Rng rng(1);
  const SentBlock block = send_block(rng, {10, 6, 100, 0.01, 0});
  ASSERT_EQ(block.repairs.size(), 2u);
  RepairDecoder decoder;
  for (std::size_t i : {0, 1, 2}) EXPECT_TRUE(decoder.on_packet(10 + i, block.packets[i].frames).empty());
  for (const RepairFrame& frame : block.repairs) EXPECT_TRUE(decoder.on_repair(frame).empty());
  EXPECT_EQ(decoder.blocks(), 1u);
  const Recovered recovered = decoder.on_packet(14, block.packets[4].frames);
  ASSERT_EQ(recovered.size(), 2u);
  EXPECT_EQ(recovered[0].number, 13u);
  EXPECT_EQ(recovered[1].number, 15u);
  for (const RecoveredPacket& packet : recovered) EXPECT_TRUE(is_frames_of(block, packet));
  EXPECT_EQ(decoder.blocks(), 0u);
}

TEST(RepairDecoder, a_packet_that_was_recovered_helps_another_block) {
  const Bytes a = {1, 1}, b = {2, 2, 2}, c = {3};
  RepairEncoder encoder;
  encoder.add(0, a);
  encoder.add(1, b);
  const auto of_a_and_b = encoder.close(1);
  encoder.add(1, b);
  encoder.add(2, c);
  const auto of_b_and_c = encoder.close(1);
  RepairDecoder decoder;
  EXPECT_TRUE(decoder.on_repair(of_b_and_c.at(0)).empty());
  EXPECT_TRUE(decoder.on_repair(of_a_and_b.at(0)).empty());
  EXPECT_EQ(decoder.on_packet(0, a), (Recovered{{1, b}, {2, c}}));
}

TEST(RepairDecoder, holds_no_repair_symbols_when_nothing_is_missing) {
  Rng rng(2);
  const SentBlock block = send_block(rng, {0, 20, 500, 0.1, 0});
  RepairDecoder decoder;
  for (const SentPacketFrames& packet : block.packets) {
    EXPECT_TRUE(decoder.on_packet(packet.number, packet.frames).empty());
  }
  for (const RepairFrame& frame : block.repairs) EXPECT_TRUE(decoder.on_repair(frame).empty());
  EXPECT_EQ(decoder.blocks(), 0u);
}

TEST(RepairDecoder, forgets_blocks_whose_packets_it_has_forgotten) {
  Rng rng(3);
  const SentBlock block = send_block(rng, {0, 20, 500, 0.1, 0});
  RepairDecoder decoder;
  EXPECT_TRUE(decoder.on_repair(block.repairs[0]).empty());
  EXPECT_TRUE(decoder.on_packet(0, block.packets[0].frames).empty());
  for (std::uint64_t number = 100; number < 100 + RepairDecoder::kMaxPackets; ++number) {
    EXPECT_TRUE(decoder.on_packet(number, Bytes(10)).empty());
  }
  EXPECT_EQ(decoder.blocks(), 0u);
  EXPECT_TRUE(decoder.on_repair(block.repairs[1]).empty());
  EXPECT_EQ(decoder.blocks(), 0u);
  EXPECT_EQ(decoder.packets(), RepairDecoder::kMaxPackets);
}

TEST(RepairDecoder, drops_what_no_encoder_made) {
  const auto recovers = [](const Bytes& symbol) {
    RepairDecoder decoder;
    return !decoder.on_repair({{5}, 0, 1, symbol}).empty();  // with one packet, symbol 0 is the source
  };
  EXPECT_TRUE(recovers({2, 0, 7, 7}));
  EXPECT_FALSE(recovers({3, 0, 7, 7}));
  EXPECT_FALSE(recovers({255, 255, 7, 7}));
  EXPECT_FALSE(recovers({1, 0, 7, 7}));
  EXPECT_FALSE(recovers({0, 0, 0, 0}));
}

TEST(RepairDecoder, drops_a_block_with_a_packet_longer_than_its_symbols) {
  RepairDecoder decoder;
  EXPECT_TRUE(decoder.on_packet(5, Bytes(1000, 1)).empty());
  EXPECT_TRUE(decoder.on_repair({{5, 6}, 0, 1, Bytes(100)}).empty());
  EXPECT_EQ(decoder.blocks(), 0u);
  EXPECT_TRUE(decoder.on_packet(7, {}).empty());  // a packet of nothing, nor longer than a symbol can be
  EXPECT_TRUE(decoder.on_packet(8, Bytes(100'000)).empty());
  EXPECT_TRUE(decoder.on_repair({{7, 8, 9}, 0, 2, Bytes(100)}).empty());
  EXPECT_TRUE(decoder.on_repair({{7, 8, 9}, 1, 2, Bytes(100)}).empty());
  EXPECT_EQ(decoder.blocks(), 0u);
}

TEST(RepairDecoder, never_mixes_symbols_of_different_blocks) {
  RepairDecoder decoder;
  EXPECT_TRUE(decoder.on_repair({{5, 6, 7}, 0, 3, Bytes(100)}).empty());
  EXPECT_TRUE(decoder.on_repair({{5, 6, 7}, 1, 3, Bytes(3)}).empty());
  EXPECT_TRUE(decoder.on_repair({{5, 6, 7}, 1, 4, Bytes(100)}).empty());
  EXPECT_TRUE(decoder.on_repair({{5, 6, 8}, 1, 3, Bytes(100)}).empty());
  EXPECT_EQ(decoder.blocks(), 4u);
  EXPECT_EQ(decoder.repair_bytes(), 303u);
}

RepairFrame hostile_frame(Rng& rng, std::uint64_t near) {
  RepairFrame frame;
  std::uint64_t number = near + rng.below(300);
  for (std::uint64_t i = 1 + rng.below(kMaxRepairSources); i > 0 && number < near + 256; --i) {
    frame.numbers.push_back(number);
    number += 1 + rng.below(3);
  }
  if (frame.numbers.empty()) frame.numbers.push_back(number);
  frame.count = static_cast<std::uint8_t>(1 + rng.below(kMaxRepairSymbols));
  frame.index = static_cast<std::uint8_t>(rng.below(frame.count));
  frame.symbol = random_bytes(rng, kMinSymbolBytes + rng.below(rng.chance(0.5) ? 20 : kMaxSymbolBytes - 3));
  return frame;
}

TEST(RepairDecoder, holds_no_more_than_its_bounds_whatever_comes) {
  std::size_t most_blocks = 0, most_repair_bytes = 0, most_packet_bytes = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    RepairDecoder decoder;
    std::uint64_t number = rng.below(std::uint64_t{1} << 60);
    RepairFrame again = hostile_frame(rng, number);
    for (int i = 0; i < 500; ++i) {
      number += rng.below(4);
      if (rng.chance(0.3)) (void)decoder.on_packet(number, Bytes(rng.below(kMaxSymbolBytes)));
      if (rng.chance(0.1)) again = hostile_frame(rng, number);
      again.index = static_cast<std::uint8_t>(rng.below(again.count));
      (void)decoder.on_repair(rng.chance(0.7) ? again : hostile_frame(rng, number));
      expect_bounded(decoder);
      most_blocks = std::max(most_blocks, decoder.blocks());
      most_repair_bytes = std::max(most_repair_bytes, decoder.repair_bytes());
      most_packet_bytes = std::max(most_packet_bytes, decoder.packet_bytes());
    }
  }
  EXPECT_EQ(most_blocks, RepairDecoder::kMaxBlocks);
  EXPECT_GT(most_repair_bytes, RepairDecoder::kMaxRepairBytes / 4);
  EXPECT_GT(most_packet_bytes, RepairDecoder::kMaxPacketBytes / 4);
}

TEST(RepairDecoder, keeps_the_newest_blocks_when_symbols_are_large) {
  RepairDecoder decoder;
  for (std::uint64_t block = 0; block < 4; ++block) {
    RepairFrame frame{{}, 0, kMaxRepairSymbols, Bytes(kMaxSymbolBytes)};
    for (std::uint64_t i = 0; i < kMaxRepairSources; ++i) frame.numbers.push_back(1000 * block + i);
    for (; frame.index < kMaxRepairSymbols; ++frame.index) {
      EXPECT_TRUE(decoder.on_repair(frame).empty());
      expect_bounded(decoder);
    }
  }
  EXPECT_EQ(decoder.blocks(), 2u);
  EXPECT_EQ(decoder.repair_bytes(), 2 * kMaxRepairSymbols * kMaxSymbolBytes);
}

}  // namespace
}  // namespace kvferry::test
