// SPDX-License-Identifier: MIT
//
// Chunks put together from pieces.
#include "protocol/connection/chunk_assembly.h"

#include <gtest/gtest.h>

#include "protocol/base/rng.h"

namespace kvferry {
namespace {

Bytes counted(std::size_t size_bytes) {
  Bytes bytes(size_bytes);
  for (std::size_t i = 0; i < size_bytes; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7);
  return bytes;
}

TEST(ChunkAssembly, is_whole_once_every_byte_is_there_in_any_order) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    Bytes chunk = counted(1 + rng.below(3'000));
    ChunkAssembly assembly;
    std::size_t prefix = seed % 2 == 0 ? rng.below(chunk.size()) : 0;
    assembly.begin(4, 1, static_cast<std::uint32_t>(chunk.size()), ByteView(chunk).first(prefix));
    std::uint64_t fresh = prefix;
    std::optional<Slice> whole;
    while (!whole) {
      std::size_t at = rng.below(chunk.size());
      std::size_t size = 1 + rng.below(std::min<std::size_t>(200, chunk.size() - at));
      auto added = assembly.add(4, 1, at, ByteView(chunk).subspan(at, size));
      ASSERT_FALSE(added.no_room);
      fresh += added.new_bytes;
      whole = added.whole;
      ASSERT_EQ(whole.has_value(), fresh == chunk.size());
      ASSERT_EQ(assembly.has(4, 1), !whole);
    }
    ASSERT_TRUE(std::equal(chunk.begin(), chunk.end(), whole->view().begin(), whole->view().end()));
    ASSERT_EQ(assembly.open_bytes(), 0u);
  }
}

TEST(ChunkAssembly, counts_a_chunk_begun_with_its_whole_size) {
  ChunkAssembly assembly;
  assembly.begin(0, 1, 500);
  assembly.begin(0, 1, 500);  // has begun
  assembly.begin(0, 2, 300);
  assembly.begin(6, 0, 200);
  EXPECT_EQ(assembly.open_bytes(), 1'000u);
  EXPECT_TRUE(assembly.has_any(0));
  EXPECT_FALSE(assembly.has_any(1));
  EXPECT_TRUE(assembly.has_any(6));
  EXPECT_EQ(assembly.drop(0, 1), 500u);
  EXPECT_EQ(assembly.drop(0, 1), 0u);
  EXPECT_EQ(assembly.open_bytes(), 500u);
  EXPECT_TRUE(assembly.drop(6).empty());  // nothing of it is here
  EXPECT_EQ(assembly.open_bytes(), 300u);
}

// Section 11.4: what stands contiguously from the beginning.
TEST(ChunkAssembly, gives_back_beginnings_when_it_is_dropped) {
  Bytes chunk = counted(100);
  ChunkAssembly assembly;
  for (std::uint32_t index : {3u, 5u, 9u}) assembly.begin(0, index, 100);
  assembly.begin(2, 0, 100);
  (void)assembly.add(0, 3, 0, ByteView(chunk).first(40));
  (void)assembly.add(0, 3, 60, ByteView(chunk).subspan(60, 20));
  (void)assembly.add(0, 5, 1, ByteView(chunk).subspan(1, 50));
  (void)assembly.add(0, 9, 10, ByteView(chunk).subspan(10, 5));
  (void)assembly.add(0, 9, 0, ByteView(chunk).first(10));
  (void)assembly.add(2, 0, 0, ByteView(chunk).first(7));
  EXPECT_EQ(assembly.contiguous_bytes(0, 3), 40u);
  EXPECT_EQ(assembly.contiguous_bytes(0, 5), 0u);
  auto partial = assembly.drop(0);
  ASSERT_EQ(partial.size(), 2u);
  EXPECT_TRUE(partial[0] == (PartialChunk{3, Slice::copy_of(ByteView(chunk).first(40))}));
  EXPECT_TRUE(partial[1] == (PartialChunk{9, Slice::copy_of(ByteView(chunk).first(15))}));
  EXPECT_TRUE(assembly.has_any(2));
}

// PKT-8: gaps are bounded, and a piece that closes one is always taken.
TEST(ChunkAssembly, remembers_a_bounded_number_of_gaps) {
  constexpr std::uint32_t kSize = 10'000;
  Bytes chunk = counted(kSize);
  ChunkAssembly assembly;
  assembly.begin(0, 0, kSize);
  auto add = [&](std::uint64_t at) { return assembly.add(0, 0, at, ByteView(chunk).subspan(at, 1)); };
  for (std::uint64_t i = 0; i < ChunkAssembly::kMaxGaps; ++i) ASSERT_EQ(add(2 * i).new_bytes, 1u);
  EXPECT_TRUE(add(9'000).no_room);
  EXPECT_FALSE(add(2).no_room);  // here already
  EXPECT_EQ(add(1).new_bytes, 1u);
  EXPECT_EQ(add(9'000).new_bytes, 1u);
  EXPECT_TRUE(add(9'500).no_room);
  auto all = assembly.add(0, 0, 0, chunk);
  ASSERT_TRUE(all.whole);
  EXPECT_TRUE(std::equal(chunk.begin(), chunk.end(), all.whole->view().begin()));
}

}  // namespace
}  // namespace kvferry
