// SPDX-License-Identifier: MIT
//
// kill -9 of a process that changes a pool: at each of its system calls, and at moments drawn by chance.
// Afterwards the pool opens, each card is whole or not there, and nothing that was there before is lost.
#include <sys/ptrace.h>

#include <thread>

#include "tests/transport/store/any_store.h"
#include "tests/transport/store/child.h"

namespace kvferry::test {
namespace {

namespace fs = std::filesystem;

// Two stops a system call: every state between two calls once. Sanitized processes start slowly.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kStops = 22, kMoments = 10;
#else
constexpr int kStops = 2, kMoments = 40;
#endif

class KilledWriter : public testing::Test {
 protected:
  // A fresh pool with two cards, of which the first is the one that was used least recently.
  void fill(const std::optional<std::uint64_t>& max_bytes = {}) {
    fs::remove_all(place_.where());
    StoreOptions options;
    options.max_bytes = max_bytes;
    const auto store = place_.open(options);
    put(*store, oldest_);
    put(*store, kept_);
    ASSERT_TRUE(store->bind("kept", kept_.digest()));
  }

  // Does the work in a process that is killed when it has begun or ended so many system calls. False: it came
  // to its end.
  static bool killed_after(int stops, const std::function<bool()>& work) {
    Child child([&] {
      ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
      ::raise(SIGSTOP);
      return work();
    });
    int status = 0;
    ::waitpid(child.pid(), &status, 0);
    for (int i = 0; i < stops && WIFSTOPPED(status); ++i) {
      if (::ptrace(PTRACE_SYSCALL, child.pid(), nullptr, nullptr) != 0) break;
      ::waitpid(child.pid(), &status, 0);
    }
    if (WIFSTOPPED(status)) return child.kill(), true;
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return false;
  }

  void expect_whole_or_none(const std::vector<Card>& may_be_there) {
    const auto store = place_.open();
    const StoreListing listing = store->list().value();
    EXPECT_TRUE(listing.damaged.empty()) << listing.damaged[0].message;
    for (const ListedCard& listed : listing.cards) EXPECT_TRUE(read_card(*store, listed.digest));
    EXPECT_TRUE(has(*store, kept_));
    EXPECT_EQ(*store->resolve("kept"), kept_.digest());
    for (const Card& card : may_be_there) {
      const auto found = read_card(*store, card.digest());
      EXPECT_TRUE(!found || same_bytes(*found, card));
    }
    EXPECT_TRUE(has(*store, kept_));  // and is used last
    // The next one cleans up and goes on.
    EXPECT_NO_THROW(put(*store, next_));
    EXPECT_TRUE(has(*store, next_));
    EXPECT_TRUE(has(*store, kept_));
    EXPECT_TRUE(fs::is_empty(fs::path(place_.where()) / "scratch"));
  }

  PoolPlace place_{StoreKind::kDirectory};
  Card oldest_ = card_of_chunks({1, 2, 3}, 3000), kept_ = card_of_chunks({3, 4, 5}, 3000),
       next_ = card_of_chunks({4, 6, 7}, 3000);
};

TEST_F(KilledWriter, at_each_system_call_of_a_put) {
  int stops = 0;
  for (bool killed = true; killed; stops += kStops) {
    fill();
    killed = killed_after(stops, [&] { return put(*place_.open(), next_); });
    expect_whole_or_none({oldest_, next_});
    const auto store = place_.open();
    EXPECT_TRUE(has(*store, oldest_));
    if (HasFailure()) break;
  }
  EXPECT_GT(stops, 60);
}

// Which evicts one card and writes its pack anew, for the chunk that another one has.
TEST_F(KilledWriter, at_each_system_call_of_an_eviction) {
  int stops = 0;
  std::uint64_t evictions = 0;
  for (bool killed = true; killed; stops += kStops) {
    fill(21'000);
    killed = killed_after(stops, [&] { return put(*place_.open(), next_); });
    expect_whole_or_none({oldest_, next_});
    const StoreStatistics after = statistics(*place_.open());
    EXPECT_LE(after.bytes, 21'000u);
    evictions += after.evictions;
    if (HasFailure()) break;
  }
  EXPECT_GT(stops, 100);
  EXPECT_GT(evictions, 0u);
}

TEST_F(KilledWriter, at_each_system_call_of_a_removal) {
  for (int stops = 0, killed = 1; killed != 0; stops += kStops) {
    fill();
    killed = killed_after(stops, [&] { return *place_.open()->remove(oldest_.digest()); });
    expect_whole_or_none({oldest_});
    if (HasFailure()) break;
  }
}

TEST_F(KilledWriter, at_each_system_call_while_the_pool_is_made) {
  for (int stops = 0, killed = 1; killed != 0; stops += kStops) {
    fs::remove_all(place_.where());
    killed = killed_after(stops, [&] { return put(*place_.open(), next_); });
    const auto store = place_.open();
    put(*store, next_);
    EXPECT_TRUE(has(*store, next_));
    if (HasFailure()) break;
  }
}

TEST_F(KilledWriter, at_any_moment) {
  Rng rng(11);
  for (int i = 0; i < kMoments; ++i) {
    fill(40'000);
    Child child([&]() -> bool {
      const auto store = place_.open();
      for (std::uint64_t version = 0;; ++version)
        put(*store, card_of_chunks({4, 100 + version, 200 + version % 3}, 3000)),
            (void)store->find(kept_.digest());
    });
    std::this_thread::sleep_for(std::chrono::microseconds(rng.below(20'000)));
    child.kill();
    expect_whole_or_none({oldest_, next_});
    if (HasFailure()) break;
  }
}

}  // namespace
}  // namespace kvferry::test
