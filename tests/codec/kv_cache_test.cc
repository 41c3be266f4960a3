// SPDX-License-Identifier: MIT
#include "codec/kv_cache.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace kvferry {
namespace {

TEST(KvCache, layers_keep_their_own_positions_on_cache_lines) {
  const auto cache = KvCache::create({2, 3, 5}, {{0, 4}, {1, 2, 9}}, 10);
  ASSERT_TRUE(cache.ok());
  EXPECT_EQ(cache->rows(0), 2U);
  EXPECT_EQ(cache->rows(1), 3U);
  EXPECT_EQ(cache->positions(1)[2], 9);
  EXPECT_EQ(cache->next_position(), 10);
  EXPECT_EQ(cache->bytes_fp16(), 5U * 15 * 2 * 2);
  EXPECT_EQ(cache->full_bytes_fp16(), 20U * 15 * 2 * 2);
  const KvView view = cache->value(1);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(view.data) % 64, 0U);
  EXPECT_EQ(view.rows, 3U);
  EXPECT_EQ(view.elements(), 45U);
  EXPECT_TRUE(view.is_contiguous());
  EXPECT_EQ(view.at(2, 1), cache->value_data(1).data() + 2 * 15 + 5);
  EXPECT_EQ(view.rows_at(1, 2).at(1, 0), view.at(2, 0));
}

TEST(KvCache, layers_may_hold_nothing) {
  const auto cache = KvCache::create({3, 1, 4}, {{}, {0, 2}, {}}, 3);
  ASSERT_TRUE(cache.ok());
  EXPECT_EQ(cache->rows(0), 0U);
  EXPECT_EQ(cache->rows(1), 2U);
  EXPECT_EQ(cache->value(2).elements(), 0U);
  EXPECT_EQ(cache->bytes_fp16(), 2U * 4 * 2 * 2);
  EXPECT_EQ(cache->full_bytes_fp16(), 3U * 3 * 4 * 2 * 2);
}

TEST(KvCache, full_keeps_every_position) {
  const auto cache = KvCache::create_full({2, 1, 4}, 3);
  ASSERT_TRUE(cache.ok());
  EXPECT_EQ(cache->positions(1)[2], 2);
  EXPECT_EQ(cache->bytes_fp16(), cache->full_bytes_fp16());
}

TEST(KvCache, impossible_shapes_and_positions_are_errors_that_name_the_place) {
  const auto error = [](KvGeometry geometry, std::vector<std::vector<std::int32_t>> positions,
                        std::uint32_t tokens) {
    return KvCache::create(geometry, std::move(positions), tokens).error().message;
  };
  EXPECT_EQ(error({0, 1, 4}, {}, 3), "cache: layers is 0, expected 1 to 1024");
  EXPECT_EQ(error({1, 2000, 4}, {{0}}, 3), "cache: kv_heads is 2000, expected 1 to 1024");
  EXPECT_EQ(error({1, 1, 0}, {{0}}, 3), "cache: head_dim is 0, expected 1 to 4096");
  EXPECT_EQ(error({1, 1, 4}, {{0}}, 0), "cache: token count is 0, expected 1 to 16777216");
  EXPECT_EQ(error({2, 1, 4}, {{0}}, 3), "cache: 1 lists of positions, expected 2 (one for each layer)");
  EXPECT_EQ(error({2, 1, 4}, {{}, {}}, 3), "cache: no layer keeps a position, expected at least one");
  EXPECT_EQ(error({1, 1, 4}, {{1, 1}}, 3), "cache: layer 0 position 1 is 1, expected ascending and below 3");
  EXPECT_EQ(error({1, 1, 4}, {{-1}}, 3), "cache: layer 0 position 0 is -1, expected ascending and below 3");
  EXPECT_EQ(error({1, 1, 4}, {{0, 3}}, 3), "cache: layer 0 position 1 is 3, expected ascending and below 3");
}

}  // namespace
}  // namespace kvferry
