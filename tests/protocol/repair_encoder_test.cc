// SPDX-License-Identifier: MIT
//
// Blocks: when they end, their repair symbols, and how large their frames are.
#include "protocol/datagram/repair_encoder.h"

#include <gtest/gtest.h>

#include "protocol/datagram/packet.h"
#include "tests/protocol/repair_blocks.h"

namespace kvferry::test {
namespace {

TEST(RepairEncoder, gives_as_many_repair_symbols_as_are_asked_for) {
  RepairEncoder encoder(20);
  for (std::uint64_t number = 0; number < 20; ++number) {
    EXPECT_FALSE(encoder.should_close());
    encoder.add(number, Bytes(10));
  }
  EXPECT_TRUE(encoder.should_close());
  EXPECT_FALSE(encoder.fits(20));
  const auto frames = encoder.close(3);
  ASSERT_EQ(frames.size(), 3u);
  for (std::uint8_t j = 0; j < 3; ++j) {
    EXPECT_EQ(frames[j].index, j);
    EXPECT_EQ(frames[j].count, 3);
    EXPECT_EQ(frames[j].numbers.size(), 20u);
    EXPECT_EQ(frames[j].symbol.size(), 12u);
  }
}

TEST(RepairEncoder, begins_anew_after_a_block) {
  RepairEncoder encoder;
  encoder.add(7, Bytes(100));
  EXPECT_TRUE(encoder.close(0).empty());
  EXPECT_TRUE(encoder.empty());
  EXPECT_TRUE(encoder.close(3).empty());  // of nothing
  encoder.add(1'000'000, Bytes(1));
  const auto frames = encoder.close(3);
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].numbers, (std::vector<std::uint64_t>{1'000'000}));
  EXPECT_EQ(frames[0].symbol.size(), kMinSymbolBytes);
}

TEST(RepairEncoder, takes_no_packet_that_is_too_far_or_behind_too_many_gaps) {
  RepairEncoder encoder;
  encoder.add(1000, Bytes(1));
  EXPECT_TRUE(encoder.fits(1255));
  EXPECT_FALSE(encoder.fits(1256));
  for (std::uint64_t i = 1; i < RepairEncoder::kMaxRanges; ++i) encoder.add(1000 + 2 * i, Bytes(1));
  EXPECT_TRUE(encoder.fits(1015));
  EXPECT_FALSE(encoder.fits(1016));
}

TEST(RepairEncoder, frames_are_longer_than_their_packets_by_no_more_than_the_overhead) {
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    RepairEncoder encoder(kMaxRepairSources);
    std::size_t longest = 0;
    std::uint64_t first = rng.below(std::uint64_t{1} << (1 + rng.below(61)));
    for (std::uint64_t number = first; !encoder.should_close() && encoder.fits(number);) {
      const std::size_t size = 1 + rng.below(16000);
      encoder.add(number, Bytes(size));
      longest = std::max(longest, size);
      number += rng.chance(0.2) ? 1 + rng.below(130) : 1;
    }
    for (const RepairFrame& frame : encoder.close(3)) {
      Bytes body, head;
      frame.serialize(body);
      put_packet_frame_head(head, FrameType::kProbe, body.size());
      ASSERT_LE(head.size() + body.size(), longest + RepairEncoder::overhead_bytes(first));
    }
  }
}

}  // namespace
}  // namespace kvferry::test
