// SPDX-License-Identifier: MIT
//
// REPAIR frames: their bytes, and what is refused.
#include "protocol/datagram/repair_frame.h"

#include <gtest/gtest.h>

#include "protocol/base/varint.h"
#include "tests/protocol/repair_blocks.h"

namespace kvferry::test {
namespace {

Bytes body_of(const RepairFrame& frame) {
  Bytes body;
  frame.serialize(body);
  return body;
}

TEST(RepairFrame, is_these_bytes) {
  RepairEncoder encoder;
  encoder.add(70, Bytes{0x35, 0});
  encoder.add(71, Bytes{0x33, 3, 0, 1, 2});
  encoder.add(73, Bytes{0x35, 0});
  const auto frames = encoder.close(2);
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(body_of(frames[1]), (Bytes{0x40, 0x46, 4, 0, 2, 1, 1, 1, 2,  // 70, 71, 73; 1 of 2
                                       0x7B, 0x00, 0xC2, 0xF4, 0x00, 0xA7, 0x53}));
}

TEST(RepairFrame, reads_back_as_it_was) {
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    for (const RepairFrame& frame : send_block(rng, random_shape(rng)).repairs) {
      auto parsed = RepairFrame::parse(body_of(frame));
      ASSERT_TRUE(parsed) << parsed.error().message;
      ASSERT_EQ(*parsed, frame);
    }
  }
}

TEST(RepairFrame, damaged_is_refused_or_is_the_bytes_it_serializes_to) {
  int accepted = 0;
  for (std::uint64_t seed = 0; seed < 5000; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    Bytes body = body_of({{300, 301, 303, 310}, 1, 4, random_bytes(rng, 3 + rng.below(4))});
    for (std::uint64_t flips = 1 + rng.below(3); flips > 0; --flips) {
      body[rng.below(body.size())] = static_cast<std::uint8_t>(rng.next());
    }
    body.resize(body.size() - rng.below(3));
    auto parsed = RepairFrame::parse(body);
    if (!parsed) continue;
    ++accepted;
    ASSERT_EQ(body_of(*parsed), body);
  }
  EXPECT_GT(accepted, 500);
}

// varint first | varint size of ranges | ranges | index | count | symbol
Bytes body_with(std::uint64_t first, const Bytes& ranges, std::uint8_t index, std::uint8_t count,
                std::size_t symbol_bytes) {
  Bytes body;
  put_varint(body, first);
  put_varint(body, ranges.size());
  append(body, ranges);
  body.push_back(index);
  body.push_back(count);
  body.resize(body.size() + symbol_bytes);
  return body;
}

Bytes single_numbers(std::size_t count) {
  Bytes ranges;
  for (std::size_t i = 0; i < count; ++i) append(ranges, Bytes{static_cast<std::uint8_t>(i > 0), 1});
  return ranges;
}

TEST(RepairFrame, at_its_limits_is_accepted) {
  const Bytes one = {0, 1};
  for (const Bytes& body :
       {body_with(0, one, 0, 1, kMinSymbolBytes), body_with(kVarintMax, one, 31, 32, kMaxSymbolBytes),
        body_with(0, {0, 0x40, 0x40}, 0, 1, 3), body_with(0, {0, 1, 0x40, 254, 1}, 0, 1, 3),
        body_with(0, single_numbers(64), 0, 1, 3)}) {
    auto parsed = RepairFrame::parse(body);
    ASSERT_TRUE(parsed) << parsed.error().message;
    EXPECT_EQ(body_of(*parsed), body);
  }
}

TEST(RepairFrame, beyond_its_limits_is_refused) {
  const Bytes one = {0, 1};
  const std::vector<std::pair<const char*, Bytes>> bodies = {
      {"nothing", {}},
      {"no ranges", body_with(0, {}, 0, 1, 3)},
      {"a first gap", body_with(0, {1, 1}, 0, 1, 3)},
      {"ranges that touch", body_with(0, {0, 1, 0, 1}, 0, 1, 3)},
      {"an empty range", body_with(0, {0, 0}, 0, 1, 3)},
      {"65 packets in one range", body_with(0, {0, 0x40, 0x41}, 0, 1, 3)},
      {"65 packets in 65 ranges", body_with(0, single_numbers(65), 0, 1, 3)},
      {"a span of 257 beyond the first", body_with(0, {0, 1, 0x41, 0, 1}, 0, 1, 3)},
      {"a range that is cut", body_with(0, {0, 1, 1}, 0, 1, 3)},
      {"a gap in its longer form", body_with(0, {0, 1, 0x40, 1, 1}, 0, 1, 3)},
      {"a number above 2^62 - 1", body_with(kVarintMax, {0, 2}, 0, 1, 3)},
      {"no repair symbols", body_with(0, one, 0, 0, 3)},
      {"an index at the count", body_with(0, one, 2, 2, 3)},
      {"33 repair symbols", body_with(0, one, 0, 33, 3)},
      {"a symbol of two bytes", body_with(0, one, 0, 1, 2)},
      {"a symbol of 16384 bytes", body_with(0, one, 0, 1, 16384)},
      {"ranges longer than the body", {0, 9, 0, 1, 0, 1, 0, 0, 0}},
  };
  for (const auto& [what, body] : bodies) EXPECT_FALSE(RepairFrame::parse(body)) << what;
}

}  // namespace
}  // namespace kvferry::test
