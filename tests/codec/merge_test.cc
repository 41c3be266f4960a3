// SPDX-License-Identifier: MIT
#include "codec/merge.h"

#include <gtest/gtest.h>

#include "codec/select/select.h"
#include "tests/codec/caches.h"

namespace kvferry {
namespace {

constexpr KvGeometry kGeometry{2, 2, 8};

KvCache rows_of(const KvCache& cache, std::vector<std::uint32_t> rows) { return *keep_rows(cache, rows); }

TEST(Merge, PutsTwoPartsOfACacheTogether) {
  const KvCache cache = testing::gaussian_cache(kGeometry, 9);
  const auto merged = merge(rows_of(cache, {0, 2, 3, 8}), rows_of(cache, {1, 4, 5, 6, 7}));
  ASSERT_TRUE(merged.ok());
  EXPECT_EQ(*merged, cache);
}

TEST(Merge, PrefersTheFirstsRows) {
  const KvCache a = testing::gaussian_cache(kGeometry, 5, 1), b = testing::gaussian_cache(kGeometry, 5, 2);
  const auto merged = merge(rows_of(a, {1, 3}), rows_of(b, {0, 1, 3}));
  ASSERT_TRUE(merged.ok());
  EXPECT_EQ(rows_of(*merged, {1, 2}), rows_of(a, {1, 3}));
  EXPECT_EQ(rows_of(*merged, {0}), rows_of(b, {0}));
}

TEST(Merge, TakesLayersThatOneSideDoesNotHave) {
  const KvCache a = testing::gaussian_cache(kGeometry, {{0, 1}, {}}, 4, 1);
  const KvCache b = testing::gaussian_cache(kGeometry, {{1, 2}, {3}}, 4, 2);
  const auto merged = merge(a, b);
  ASSERT_TRUE(merged.ok());
  EXPECT_EQ(merged->rows(0), 3U);
  EXPECT_EQ(merged->rows(1), 1U);
}

TEST(Merge, RefusesWhatIsNotOneDocuments) {
  const KvCache a = testing::gaussian_cache(kGeometry, 5);
  EXPECT_EQ(merge(a, testing::gaussian_cache(kGeometry, 6)).error().message,
            "merge: caches of documents of 5 and 6 tokens, expected one document's");
  EXPECT_EQ(merge(a, testing::gaussian_cache({1, 2, 8}, 5)).error().message,
            "merge: the caches are of different shapes");
}

}  // namespace
}  // namespace kvferry
