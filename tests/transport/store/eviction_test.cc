// SPDX-License-Identifier: MIT
//
// Bounded pools of both kinds: what goes, in which order, and what never does.
#include "tests/transport/store/any_store.h"

namespace kvferry::test {
namespace {

constexpr std::size_t kChunkBytes = 20'000;

class EveryBoundedStore : public testing::TestWithParam<StoreKind> {
 protected:
  // Cards of two chunks that they share with none.
  static Card card(std::uint64_t number) { return card_of_chunks({2 * number, 2 * number + 1}, kChunkBytes); }
  static constexpr std::uint64_t kCardBytes = 2 * kChunkBytes + 1500;  // at most

  PoolPlace place_{GetParam()};
  std::unique_ptr<CardStore> store_ = place_.open_bounded(3 * kCardBytes);
};

INSTANTIATE_TEST_SUITE_P(Pools, EveryBoundedStore, testing::Values(StoreKind::kDirectory, StoreKind::kRedis),
                         [](const auto& kind) {
                           return kind.param == StoreKind::kRedis ? "redis" : "directory";
                         });

TEST_P(EveryBoundedStore, the_least_recently_used_goes_first) {
  for (std::uint64_t i = 0; i < 3; ++i) put(*store_, card(i));
  EXPECT_TRUE(has(*store_, card(0)));  // used now
  put(*store_, card(3));
  EXPECT_FALSE(has(*store_, card(1)));
  EXPECT_TRUE(has(*store_, card(0)));
  EXPECT_TRUE(has(*store_, card(2)));
  EXPECT_TRUE(has(*store_, card(3)));
  EXPECT_EQ(statistics(*store_).evictions, 1u);
  EXPECT_LE(statistics(*store_).bytes, 3 * kCardBytes);
}

TEST_P(EveryBoundedStore, putting_again_is_a_use) {
  for (std::uint64_t i = 0; i < 3; ++i) put(*store_, card(i));
  put(*store_, card(0));
  put(*store_, card(3));
  EXPECT_TRUE(has(*store_, card(0)));
  EXPECT_FALSE(has(*store_, card(1)));
}

TEST_P(EveryBoundedStore, the_bound_holds_for_everyone) {
  const auto other = place_.open();
  for (std::uint64_t i = 0; i < 8; ++i) put(*other, card(i));
  EXPECT_EQ(statistics(*store_).cards, 3u);
  EXPECT_EQ(statistics(*store_).evictions, 5u);
  EXPECT_EQ(statistics(*place_.open()).max_bytes, 3 * kCardBytes);
}

TEST_P(EveryBoundedStore, a_smaller_bound_makes_room_at_once) {
  for (std::uint64_t i = 0; i < 3; ++i) put(*store_, card(i));
  const auto other = place_.open_bounded(kCardBytes);
  EXPECT_EQ(statistics(*store_).cards, 1u);
  EXPECT_TRUE(has(*store_, card(2)));
  const auto unbounded = place_.open_bounded(0);
  for (std::uint64_t i = 0; i < 5; ++i) put(*store_, card(i));
  EXPECT_EQ(statistics(*store_).cards, 5u);
}

TEST_P(EveryBoundedStore, a_smaller_bound_waits_for_readers) {
  put(*store_, card(0));
  const auto source = store_->find(card(0).digest()).value();
  (void)place_.open_bounded(1000);
  EXPECT_TRUE(has(*store_, card(0)));
  EXPECT_EQ(statistics(*store_).max_bytes, 1000u);
}

TEST_P(EveryBoundedStore, what_is_being_read_stays) {
  for (std::uint64_t i = 0; i < 3; ++i) put(*store_, card(i));
  const auto reader = place_.open();
  const auto source = reader->find(card(0).digest()).value();
  for (std::uint64_t i = 3; i < 9; ++i) put(*store_, card(i));
  EXPECT_TRUE(has(*store_, card(0)));
  EXPECT_TRUE(same_bytes(*read_whole(*source), card(0)));
}

TEST_P(EveryBoundedStore, a_slice_is_enough_to_stay_in_a_folder) {
  if (GetParam() == StoreKind::kRedis) GTEST_SKIP() << "a slice of a Redis is a copy";
  for (std::uint64_t i = 0; i < 3; ++i) put(*store_, card(i));
  auto source = store_->find(card(0).digest()).value();
  Slice slice = *source->chunk(1);
  source.reset();
  for (std::uint64_t i = 3; i < 6; ++i) put(*store_, card(i));
  EXPECT_TRUE(has(*store_, card(0)));
  slice = {};
  for (std::uint64_t i = 6; i < 9; ++i) put(*store_, card(i));
  EXPECT_FALSE(has(*store_, card(0)));
}

TEST_P(EveryBoundedStore, refuses_where_readers_hold_everything_and_evicts_nothing_in_vain) {
  std::vector<std::shared_ptr<ChunkSource>> held;
  for (std::uint64_t i = 0; i < 3; ++i) put(*store_, card(i));
  for (std::uint64_t i = 0; i < 2; ++i) held.push_back(store_->find(card(i).digest()).value());
  const Card large = card_of_chunks({70, 71, 72, 73}, kChunkBytes);
  const auto done = store_->put(large);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message.find(place_.where() + ": no room for "), 0u) << done.error().message;
  EXPECT_EQ(statistics(*store_).cards, 3u);
  held.clear();
  EXPECT_TRUE(put(*store_, large));
}

TEST_P(EveryBoundedStore, refuses_a_card_beyond_the_bound) {
  put(*store_, card(0));
  const auto done = store_->put(card_of_chunks({70, 71, 72, 73, 74, 75, 76}, kChunkBytes));
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().message.find("bound"), std::string::npos) << done.error().message;
  EXPECT_TRUE(has(*store_, card(0)));
}

TEST_P(EveryBoundedStore, names_of_evicted_cards_are_gone) {
  put(*store_, card(0));
  ASSERT_TRUE(store_->bind("first", card(0).digest()));
  for (std::uint64_t i = 1; i < 4; ++i) put(*store_, card(i));
  EXPECT_EQ(*store_->resolve("first"), std::nullopt);
  EXPECT_EQ(statistics(*store_).names, 0u);
}

TEST_P(EveryBoundedStore, a_version_that_is_read_leaves_room_for_the_next_one) {
  const Card first = card_of_chunks({1, 2, 3, 4, 5}, kChunkBytes),
             next = card_of_chunks({1, 2, 3, 4, 6}, kChunkBytes);
  put(*store_, first);
  const auto source = store_->find(first.digest()).value();
  EXPECT_TRUE(put(*store_, next));  // 12 chunks would be too many, 6 are not
  EXPECT_TRUE(has(*store_, next));
}

// Of each version a chunk lives on in the last one.
TEST_P(EveryBoundedStore, chunks_of_evicted_versions_give_their_room_back) {
  for (std::uint64_t i = 0; i < 20; ++i) {
    const Card version = card_of_chunks({1, 100 + i, 200 + i, 300 + i}, kChunkBytes);
    put(*store_, version);
    EXPECT_TRUE(has(*store_, version));
    EXPECT_LE(statistics(*store_).bytes, 3 * kCardBytes);
  }
}

}  // namespace
}  // namespace kvferry::test
