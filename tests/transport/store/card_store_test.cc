// SPDX-License-Identifier: MIT
//
// What both kinds of pool promise.
#include <thread>

#include "tests/transport/store/any_store.h"

namespace kvferry::test {
namespace {

class EveryStore : public testing::TestWithParam<StoreKind> {
 protected:
  PoolPlace place_{GetParam()};
  std::unique_ptr<CardStore> store_ = place_.open();
  Card card_ = sample_card(3, 9, 3000);
};

INSTANTIATE_TEST_SUITE_P(Pools, EveryStore, testing::Values(StoreKind::kDirectory, StoreKind::kRedis),
                         [](const auto& kind) {
                           return kind.param == StoreKind::kRedis ? "redis" : "directory";
                         });

TEST_P(EveryStore, gives_back_what_was_put) {
  EXPECT_TRUE(put(*store_, card_));
  EXPECT_TRUE(has(*store_, card_));
  EXPECT_TRUE(has(*place_.open(), card_));
}

TEST_P(EveryStore, has_nothing_that_was_not_put) {
  EXPECT_FALSE(read_card(*store_, card_.digest()));
  EXPECT_EQ(*store_->resolve("document"), std::nullopt);
  EXPECT_EQ(*store_->remove(card_.digest()), false);
}

TEST_P(EveryStore, putting_again_changes_nothing) {
  EXPECT_TRUE(put(*store_, card_));
  const StoreStatistics before = statistics(*store_);
  EXPECT_FALSE(put(*store_, card_));
  EXPECT_FALSE(put(*place_.open(), card_));
  EXPECT_EQ(statistics(*store_).bytes, before.bytes);
  EXPECT_EQ(statistics(*store_).cards, 1u);
  EXPECT_EQ(statistics(*store_).shared_chunks, 0u);
}

TEST_P(EveryStore, sees_what_others_put_later) {
  const auto other = place_.open();
  EXPECT_FALSE(has(*store_, card_));
  put(*other, card_);
  EXPECT_TRUE(has(*store_, card_));
}

TEST_P(EveryStore, a_card_without_chunks_is_a_card) {
  const Card empty = sample_card(1, 0, 1);
  EXPECT_TRUE(put(*store_, empty));
  EXPECT_TRUE(has(*store_, empty));
}

TEST_P(EveryStore, refuses_a_card_whose_digest_is_wrong) {
  card_.chunks[4] = Slice(Bytes(card_.chunks[4].size(), 7));
  const auto done = store_->put(card_);
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().message.find("chunk 4 has digest"), std::string::npos) << done.error().message;
  EXPECT_EQ(statistics(*store_).cards, 0u);
}

TEST_P(EveryStore, versions_share_their_chunks) {
  put(*store_, card_of_chunks({1, 2, 3, 4}, 10'000));
  const std::uint64_t one = statistics(*store_).bytes;
  put(*store_, card_of_chunks({1, 2, 3, 5}, 10'000));
  const StoreStatistics both = statistics(*store_);
  EXPECT_EQ(both.chunks, 5u);
  EXPECT_EQ(both.shared_chunks, 3u);
  EXPECT_EQ(both.shared_bytes, 30'000u);
  EXPECT_LT(both.bytes, one + 12'000);
  EXPECT_TRUE(has(*store_, card_of_chunks({1, 2, 3, 4}, 10'000)));
  EXPECT_TRUE(has(*store_, card_of_chunks({1, 2, 3, 5}, 10'000)));
}

TEST_P(EveryStore, a_chunk_twice_in_one_card_is_held_once) {
  const Card card = card_of_chunks({1, 1, 2, 1}, 10'000);
  put(*store_, card);
  EXPECT_EQ(statistics(*store_).chunks, 2u);
  EXPECT_TRUE(has(*store_, card));
  EXPECT_EQ(*store_->remove(card.digest()), true);
  EXPECT_EQ(statistics(*store_).bytes, 0u);
}

TEST_P(EveryStore, a_removed_version_leaves_the_others_whole) {
  const Card first = card_of_chunks({1, 2, 3}, 10'000), second = card_of_chunks({1, 2, 4}, 10'000);
  put(*store_, first);
  put(*store_, second);
  EXPECT_EQ(*store_->remove(first.digest()), true);
  EXPECT_FALSE(has(*store_, first));
  EXPECT_TRUE(has(*store_, second));
  EXPECT_EQ(*store_->remove(second.digest()), true);
  EXPECT_EQ(statistics(*store_).bytes, 0u);
  EXPECT_EQ(statistics(*store_).chunks, 0u);
}

TEST_P(EveryStore, readers_keep_what_is_removed_meanwhile) {
  put(*store_, card_);
  const auto source = store_->find(card_.digest()).value();
  const auto before = read_whole(*source);
  EXPECT_EQ(*place_.open()->remove(card_.digest()), true);
  EXPECT_TRUE(same_bytes(*before, card_));
  EXPECT_TRUE(same_bytes(*read_whole(*source), card_));
  EXPECT_FALSE(has(*store_, card_));
}

TEST_P(EveryStore, readers_of_one_card_share_one_copy) {
  put(*store_, card_);
  const auto one = store_->find(card_.digest()).value(), other = store_->find(card_.digest()).value();
  for (std::uint32_t i = 0; i < card_.chunks.size(); ++i)
    EXPECT_EQ(one->chunk(i)->data(), other->chunk(i)->data());
}

TEST_P(EveryStore, slices_outlive_source_and_store) {
  put(*store_, card_);
  std::vector<Slice> slices;
  {
    const auto source = store_->find(card_.digest()).value();
    for (std::uint32_t i = 0; i < card_.chunks.size(); ++i) slices.push_back(*source->chunk(i));
  }
  store_.reset();
  for (std::size_t i = 0; i < slices.size(); ++i)
    EXPECT_EQ(sha256(slices[i].view()), card_.manifest.chunks[i].digest);
}

TEST_P(EveryStore, says_that_there_is_no_such_chunk) {
  put(*store_, card_);
  EXPECT_FALSE(store_->find(card_.digest()).value()->chunk(9));
}

TEST_P(EveryStore, names_are_bound_and_bound_anew) {
  const Card second = sample_card(4, 3, 500);
  put(*store_, card_);
  put(*store_, second);
  const std::string name = "a/../name\nof \xff anything";
  ASSERT_TRUE(store_->bind(name, card_.digest()));
  EXPECT_EQ(*store_->resolve(name), card_.digest());
  ASSERT_TRUE(place_.open()->bind(name, second.digest()));
  EXPECT_EQ(*store_->resolve(name), second.digest());
  EXPECT_EQ(statistics(*store_).names, 1u);
}

TEST_P(EveryStore, a_name_needs_a_card_and_goes_with_it) {
  const auto bound = store_->bind("document", card_.digest());
  ASSERT_FALSE(bound);
  EXPECT_EQ(bound.error().message,
            place_.where() + ": no card with digest " + card_.digest().hex() + " here");
  put(*store_, card_);
  ASSERT_TRUE(store_->bind("document", card_.digest()));
  ASSERT_TRUE(store_->bind("other", card_.digest()));
  EXPECT_EQ(*store_->remove(card_.digest()), true);
  EXPECT_EQ(*store_->resolve("document"), std::nullopt);
  EXPECT_EQ(statistics(*store_).names, 0u);
}

TEST_P(EveryStore, refuses_names_that_are_empty_or_too_long) {
  put(*store_, card_);
  EXPECT_FALSE(store_->bind("", card_.digest()));
  EXPECT_TRUE(store_->bind(std::string(1024, 'n'), card_.digest()));
  EXPECT_FALSE(store_->bind(std::string(1025, 'n'), card_.digest()));
}

TEST_P(EveryStore, lists_cards_and_names) {
  const Card second = sample_card(4, 3, 500);
  put(*store_, card_);
  put(*store_, second);
  ASSERT_TRUE(store_->bind("b", card_.digest()));
  ASSERT_TRUE(store_->bind("a", second.digest()));
  const StoreListing listing = store_->list().value();
  ASSERT_EQ(listing.cards.size(), 2u);
  EXPECT_LT(listing.cards[0].digest, listing.cards[1].digest);
  const auto& listed = listing.cards[listing.cards[0].digest == card_.digest() ? 0 : 1];
  EXPECT_EQ(listed.chunks, 9u);
  EXPECT_EQ(listed.payload_bytes, card_.manifest.payload_bytes());
  ASSERT_EQ(listing.names.size(), 2u);
  EXPECT_EQ(listing.names[0].name, "a");
  EXPECT_EQ(listing.names[0].card, second.digest());
  EXPECT_TRUE(listing.damaged.empty());
}

TEST_P(EveryStore, finds_the_chunks_that_other_cards_have) {
  put(*store_, card_of_chunks({1, 2, 3}, 10'000));
  const Card coming = card_of_chunks({3, 4, 1}, 10'000);
  std::vector<std::uint32_t> found;
  ASSERT_TRUE(
      store_->find_chunks(coming.manifest, [&](std::uint32_t index, const Slice& payload) -> Result<void> {
        EXPECT_EQ(sha256(payload.view()), coming.manifest.chunks[index].digest);
        found.push_back(index);
        return {};
      }));
  EXPECT_EQ(found, (std::vector<std::uint32_t>{0, 2}));
}

TEST_P(EveryStore, threads_put_and_read_at_once) {
  std::vector<std::thread> threads;
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    threads.emplace_back([&, seed] {
      for (std::uint64_t i = 0; i < 10; ++i) {
        const Card card = card_of_chunks({i, i + 1, 100 + seed % 2}, 2000);
        put(*store_, card);
        EXPECT_TRUE(has(*store_, card));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(statistics(*store_).cards, 20u);
  EXPECT_EQ(statistics(*store_).chunks, 13u);
}

}  // namespace
}  // namespace kvferry::test
