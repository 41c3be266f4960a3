// SPDX-License-Identifier: MIT
#include "codec/chunk/chunk_plan.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <utility>

#include "tests/codec/caches.h"

namespace kvferry {
namespace {

void expect_every_row_once(const KvCache& cache, const std::vector<ChunkBlock>& blocks) {
  std::map<std::pair<std::uint32_t, std::uint32_t>, int> seen;
  for (const ChunkBlock& block : blocks) {
    EXPECT_LE(block.row_count, kChunkRows);
    for (std::uint32_t layer = block.layer_begin; layer < block.layer_begin + block.layer_count; ++layer) {
      for (std::uint32_t row = block.row_begin; row < block.row_begin + block.row_count; ++row) {
        ++seen[{layer, row}];
      }
    }
  }
  std::size_t rows = 0;
  for (std::uint32_t layer = 0; layer < cache.geometry().layers; ++layer) rows += cache.rows(layer);
  EXPECT_EQ(seen.size(), rows);
  for (const auto& [cell, times] : seen) EXPECT_EQ(times, 1) << cell.first << ' ' << cell.second;
}

TEST(ChunkPlan, chunks_hold_64_rows_and_enough_layers_for_64_kib) {
  // 2 heads x 32: 256 bytes of K and V in a row, 16 KiB in 64 rows, four layers make 64 KiB.
  const KvCache cache = *KvCache::create_full({10, 2, 32}, 150);
  const auto blocks = plan_chunks(cache, {});
  expect_every_row_once(cache, blocks);
  ASSERT_EQ(blocks.size(), 3U + 3U + 1U);
  EXPECT_EQ(blocks[0], (ChunkBlock{0, 4, 0, 64, 1.0F}));
  EXPECT_EQ(blocks[2], (ChunkBlock{8, 2, 0, 64, 1.0F}));
  EXPECT_EQ(blocks[6], (ChunkBlock{0, 10, 128, 22, 22.0F / 150.0F}));
}

TEST(ChunkPlan, large_layers_have_chunks_of_their_own) {
  const KvCache cache = *KvCache::create_full({3, 8, 128}, 65);
  const auto blocks = plan_chunks(cache, {});
  expect_every_row_once(cache, blocks);
  ASSERT_EQ(blocks.size(), 4U);
  EXPECT_EQ(blocks[1].layer_count, 1U);
  EXPECT_EQ(blocks[3].row_count, 1U);
  EXPECT_EQ(blocks[3].layer_count, 3U);
}

TEST(ChunkPlan, first_rows_and_high_scores_go_first) {
  const KvCache cache = *KvCache::create_full({1, 2, 128}, 256);
  std::vector<float> scores(256, 0.1F);
  for (std::size_t row = 192; row < 256; ++row) scores[row] = 0.4F;
  for (std::size_t row = 64; row < 128; ++row) scores[row] = 0.2F;
  const auto blocks = plan_chunks(cache, scores);
  ASSERT_EQ(blocks.size(), 4U);
  EXPECT_EQ(blocks[0].row_begin, 0U);
  EXPECT_EQ(blocks[0].importance, 1.0F);
  EXPECT_EQ(blocks[1].row_begin, 192U);
  EXPECT_EQ(blocks[2].row_begin, 64U);
  EXPECT_NEAR(blocks[2].importance, 0.5F, 1e-6F);
  EXPECT_EQ(blocks[3].row_begin, 128U);
}

TEST(ChunkPlan, layers_with_other_positions_are_not_mixed) {
  std::vector<std::int32_t> all(80);
  std::iota(all.begin(), all.end(), 0);
  const KvCache cache = testing::gaussian_cache({5, 1, 8}, {all, all, {0, 7}, all, all}, 80);
  const auto blocks = plan_chunks(cache, {});
  expect_every_row_once(cache, blocks);
  for (const ChunkBlock& block : blocks) {
    EXPECT_TRUE(block.layer_begin + block.layer_count <= 2 || block.layer_begin >= 3 ||
                block.layer_count == 1);
  }
  EXPECT_EQ(blocks.size(), 5U);
}

}  // namespace
}  // namespace kvferry
