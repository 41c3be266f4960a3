// SPDX-License-Identifier: MIT
//
// One pool, several processes at once.
#include <list>

#include "tests/transport/store/any_store.h"
#include "tests/transport/store/child.h"

namespace kvferry::test {
namespace {

class EveryPool : public testing::TestWithParam<StoreKind> {
 protected:
  PoolPlace place_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Pools, EveryPool, testing::Values(StoreKind::kDirectory, StoreKind::kRedis),
                         [](const auto& kind) {
                           return kind.param == StoreKind::kRedis ? "redis" : "directory";
                         });

bool all_end_well(std::list<Child>& children) {
  bool well = true;
  for (Child& child : children) well = child.wait() && well;
  return well;
}

TEST_P(EveryPool, concurrent_puts_of_one_card_give_one_copy) {
  const Card card = sample_card(5, 30, 5000);
  std::list<Child> children;
  for (int i = 0; i < 6; ++i) children.emplace_back([&] { return put(*place_.open(), card), true; });
  EXPECT_TRUE(all_end_well(children));
  const auto store = place_.open();
  EXPECT_TRUE(has(*store, card));
  EXPECT_EQ(statistics(*store).cards, 1u);
  EXPECT_EQ(statistics(*store).chunks, 30u);
  EXPECT_EQ(statistics(*store).shared_chunks, 0u);
  put(*store, sample_card(6, 1, 10));  // sweeps
  EXPECT_LT(statistics(*store).bytes, card.file_bytes() + 6000);
}

// Writers evict each other's cards; a reader finds a card whole or not at all.
TEST_P(EveryPool, processes_put_read_and_evict_at_once) {
  const auto version = [](std::uint64_t i) { return card_of_chunks({i, i + 1, i + 2, 50 + i % 3}, 8000); };
  const std::uint64_t bound = 5 * 33'500;
  (void)place_.open_bounded(bound);
  std::list<Child> children;
  for (std::uint64_t writer = 0; writer < 3; ++writer) {
    children.emplace_back([&, writer] {
      const auto store = place_.open();
      for (std::uint64_t i = 0; i < 40; ++i) put(*store, version((i * 7 + writer * 5) % 20));
      return true;
    });
  }
  for (std::uint64_t reader = 0; reader < 3; ++reader) {
    children.emplace_back([&, reader] {
      const auto store = place_.open();
      std::uint64_t found = 0;
      for (std::uint64_t i = 0; i < 400 || (found == 0 && i < 100'000); ++i) {
        const Card card = version((i + reader) % 20);
        const auto read = read_card(*store, card.digest());
        if (!read) continue;
        ++found;
        if (!same_bytes(*read, card)) return false;
      }
      return found > 0;
    });
  }
  EXPECT_TRUE(all_end_well(children));
  const auto store = place_.open();
  EXPECT_LE(statistics(*store).bytes, bound);
  EXPECT_GT(statistics(*store).evictions, 0u);
  const StoreListing listing = store->list().value();
  EXPECT_TRUE(listing.damaged.empty());
  for (const ListedCard& card : listing.cards) EXPECT_TRUE(read_card(*store, card.digest));
}

TEST_P(EveryPool, what_another_process_reads_is_not_evicted) {
  const auto card = [](std::uint64_t i) { return card_of_chunks({i, 100 + i}, 8000); };
  const auto store = place_.open_bounded(3 * 17'000);
  put(*store, card(0));
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  Child reader([&] {
    const auto source = place_.open()->find(card(0).digest()).value();
    (void)!::write(ready[1], "r", 1);
    ::pause();
    return source != nullptr;
  });
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  for (std::uint64_t i = 1; i < 6; ++i) put(*store, card(i));
  EXPECT_TRUE(has(*store, card(0)));
  for (std::uint64_t i = 6; i < 9; ++i) put(*store, card(i));
  if (GetParam() == StoreKind::kRedis) return;  // there a pin that is left behind ends after some minutes
  reader.kill();
  for (std::uint64_t i = 9; i < 12; ++i) put(*store, card(i));
  EXPECT_FALSE(has(*store, card(0)));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_P(EveryPool, is_made_by_several_processes_at_once) {
  std::list<Child> children;
  for (std::uint64_t i = 0; i < 8; ++i)
    children.emplace_back([&, i] { return put(*place_.open(), sample_card(i, 3, 100)); });
  EXPECT_TRUE(all_end_well(children));
  EXPECT_EQ(statistics(*place_.open()).cards, 8u);
}

}  // namespace
}  // namespace kvferry::test
