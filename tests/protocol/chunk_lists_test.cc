// SPDX-License-Identifier: MIT
//
// What goes into messages about chunks and cards: prefixes, digests, and as many ranges as fit.
#include <gtest/gtest.h>

#include "protocol/base/rng.h"
#include "protocol/base/varint.h"
#include "protocol/card/chunk_prefixes.h"
#include "protocol/card/chunk_ranges.h"
#include "protocol/card/digest_list.h"

namespace kvferry {
namespace {

Bytes varints(std::initializer_list<std::uint64_t> values) {
  Bytes out;
  for (std::uint64_t value : values) put_varint(out, value);
  return out;
}

// Section 7, REQUEST key 9
TEST(ChunkPrefixes, read_back_as_they_were) {
  ChunkPrefixes prefixes({{0, Slice(Bytes(1))}, {7, Slice()}, {9, Slice(Bytes(70'000))}});
  Bytes bytes;
  prefixes.serialize(bytes);
  EXPECT_EQ(bytes, varints({0, 1, 9, 70'000}));
  EXPECT_EQ(*ChunkPrefixes::parse(bytes), prefixes);
  EXPECT_EQ(prefixes.size_of(9), 70'000u);
  EXPECT_EQ(prefixes.size_of(7), 0u);  // nothing of it is here
  EXPECT_TRUE(ChunkPrefixes::parse({})->empty());
}

// IGN-1
TEST(ChunkPrefixes, that_are_none_are_refused) {
  for (const Bytes& bytes :
       {varints({0}), varints({1, 0}), varints({3, 1, 3, 1}), varints({3, 1, 2, 1}), varints({0xFFFFFFFF, 1}),
        varints({1, 0xFFFFFFFF}), Bytes{0x40, 0x01, 0x01}, Bytes{0x01, 0x40}}) {
    EXPECT_FALSE(ChunkPrefixes::parse(bytes).ok());
  }
  EXPECT_TRUE(ChunkPrefixes::parse(varints({0xFFFFFFFE, 0xFFFFFFFE})).ok());
}

TEST(ChunkPrefixes, are_64_at_most) {
  std::vector<PartialChunk> partial;
  Bytes bytes;
  for (std::uint32_t i = 0; i < 65; ++i) {
    partial.push_back({i, Slice(Bytes(1))});
    append(bytes, varints({i, 1}));
  }
  EXPECT_EQ(ChunkPrefixes(partial).prefixes().size(), 64u);
  EXPECT_FALSE(ChunkPrefixes::parse(bytes).ok());
  EXPECT_TRUE(ChunkPrefixes::parse(ByteView(bytes).first(bytes.size() - 3)).ok());
}

// Section 7, REQUEST key 10
TEST(DigestLists, read_back_as_they_were_and_are_16_at_most) {
  std::vector<Digest> digests;
  for (int i = 0; i < 17; ++i) digests.push_back(sha256(as_bytes(std::to_string(i))));
  Bytes bytes;
  DigestList(digests).serialize(bytes);
  EXPECT_FALSE(DigestList::parse(bytes).ok());
  auto sixteen = DigestList::parse(ByteView(bytes).first(16 * 32));
  ASSERT_TRUE(sixteen.ok());
  EXPECT_TRUE(sixteen->contains(digests[15]));
  EXPECT_FALSE(sixteen->contains(digests[16]));
  EXPECT_TRUE(DigestList::parse({})->empty());
  for (std::size_t size : {1u, 31u, 33u, 63u})
    EXPECT_FALSE(DigestList::parse(ByteView(bytes).first(size)).ok());
}

// A set that is too large for a message goes in several.
TEST(ChunkRangeSets, are_sent_in_parts_that_fit) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    ChunkRanges all;
    for (std::uint32_t i = 0, at = 0; i < 9'000; ++i) {
      all.add(at);
      at += static_cast<std::uint32_t>(1 + rng.below(1 + rng.below(1'000)));
    }
    std::size_t max_bytes = 4 + rng.below(32'768);
    ChunkRanges rest = all;
    std::uint64_t sent = 0;
    while (!rest.empty()) {
      ChunkRanges part = rest.lowest(max_bytes);
      Bytes bytes;
      part.serialize(bytes);
      ASSERT_FALSE(part.empty());
      ASSERT_LE(bytes.size(), max_bytes);
      ASSERT_EQ(*ChunkRanges::parse(bytes), part);
      rest.remove(part);
      sent += part.size();
    }
    ASSERT_EQ(sent, all.size());
  }
}

TEST(ChunkRangeSets, that_fit_are_one_part) {
  ChunkRanges chunks;
  for (std::uint32_t i : {5u, 6u, 9u}) chunks.add(i);
  EXPECT_EQ(chunks.lowest(4), chunks);
  EXPECT_EQ(chunks.lowest(3).size(), 2u);
  EXPECT_TRUE(chunks.lowest(1).empty());
  chunks.remove(chunks.lowest(3));
  EXPECT_FALSE(chunks.contains(5));
  EXPECT_TRUE(chunks.contains(9));
  EXPECT_TRUE(ChunkRanges().lowest(100).empty());
}

}  // namespace
}  // namespace kvferry
