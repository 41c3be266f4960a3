// SPDX-License-Identifier: MIT
//
// What is at stake with a chunk, in bytes of the last payload that still leaves.
#include "protocol/connection/chunk_stakes.h"

#include <gtest/gtest.h>

#include "tests/protocol/progressive_table.h"

namespace kvferry::test {
namespace {

ChunkInfo chunk_of(std::uint32_t row_begin, std::uint8_t level, std::uint32_t size_bytes, float importance) {
  ChunkInfo chunk;
  chunk.size_bytes = size_bytes;
  chunk.layer_count = 1;
  chunk.row_begin = row_begin;
  chunk.row_count = 8;
  chunk.level = level;
  chunk.refines = level > 0;
  chunk.importance = importance;
  return chunk;
}

TEST(ChunkStakes, hold_what_refines_a_chunk_and_nothing_else) {
  const ChunkStakes stakes({chunk_of(0, 0, 100, 1.0F), chunk_of(8, 0, 100, 0.5F), chunk_of(0, 1, 200, 0.25F),
                            chunk_of(8, 1, 400, 0.125F)});
  const ChunkStakes::Rest everything{0, 800};
  EXPECT_DOUBLE_EQ(stakes.of_chunk(0, everything), (100 + 50) / 0.125);
  EXPECT_DOUBLE_EQ(stakes.of_chunk(1, everything), (50 + 50) / 0.125);
  EXPECT_DOUBLE_EQ(stakes.of_chunk(2, everything), 50 / 0.125);
  EXPECT_DOUBLE_EQ(stakes.of_chunk(3, everything), 400);
  EXPECT_DOUBLE_EQ(stakes.of_all(everything), 250 / 0.125);
}

TEST(ChunkStakes, are_told_in_the_payload_that_leaves_last) {
  const ChunkStakes stakes(
      {chunk_of(0, 0, 100, 1.0F), chunk_of(8, 0, 100, 0.5F), chunk_of(16, 0, 100, 0.25F)});
  EXPECT_DOUBLE_EQ(stakes.of_chunk(0, {0, 50}), 100);
  EXPECT_DOUBLE_EQ(stakes.of_chunk(0, {0, 150}), 200);
  EXPECT_DOUBLE_EQ(stakes.of_chunk(0, {1, 150}), 400);
  EXPECT_DOUBLE_EQ(stakes.of_chunk(0, {3, 1e9}), 400);
  EXPECT_DOUBLE_EQ(stakes.of_all({0, 150}), 300);
}

TEST(ChunkStakes, fall_along_a_progressive_card_from_level_to_level) {
  const Card card = progressive_card(1);
  const ChunkStakes stakes(card.manifest.chunks);
  std::map<std::uint32_t, double> last;
  for (std::uint32_t i = 0; i < card.manifest.chunks.size(); ++i) {
    const double stake = stakes.of_chunk(i, {0, 1e9});
    auto [before, first] = last.emplace(card.manifest.chunks[i].row_begin, stake);
    ASSERT_TRUE(first || stake < before->second) << i;
    before->second = stake;
  }
}

TEST(ChunkStakes, are_sizes_where_the_table_does_not_tell) {
  for (const float importance : {0.0F, -3.0F}) {
    const ChunkStakes stakes({chunk_of(0, 0, 100, importance), chunk_of(8, 0, 300, importance)});
    EXPECT_DOUBLE_EQ(stakes.of_chunk(0, {0, 400}), 100);
    EXPECT_DOUBLE_EQ(stakes.of_chunk(1, {0, 400}), 300);
  }
}

TEST(ChunkStakes, of_tables_are_everything) {
  ChunkInfo tables;
  tables.size_bytes = 10;
  tables.tensor = TensorPart::kTables;
  tables.importance = 1;
  const ChunkStakes stakes({tables, chunk_of(0, 0, 100, 1.0F)});
  EXPECT_DOUBLE_EQ(stakes.of_chunk(0, {0, 110}), 110);
}

TEST(ChunkStakes, of_an_empty_card_are_none) {
  EXPECT_EQ(ChunkStakes({}).of_all({0, 100}), 0);
  EXPECT_EQ(ChunkStakes({}).bytes_from(0), 0);
}

}  // namespace
}  // namespace kvferry::test
