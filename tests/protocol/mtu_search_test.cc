// SPDX-License-Identifier: MIT
#include "protocol/datagram/mtu_search.h"

#include <gtest/gtest.h>

#include "protocol/base/rng.h"

namespace kvferry::test {
namespace {

constexpr Time kStart = time_from_ns(1'000'000'000);

// A path that carries datagrams up to a size, and a connection that sends one at a time over it.
class Path {
 public:
  Path(std::size_t mtu_bytes, std::size_t ceiling_bytes) : mtu_(mtu_bytes), search_(ceiling_bytes) {}

  // The handshake: probe timeouts until its packets fit.
  void greet() {
    for (int timeouts = 1; search_.size() > mtu_ && timeouts <= 10; ++timeouts) {
      now_ += milliseconds(500);
      search_.on_probe_timeout(now_, timeouts);
    }
    search_.on_confirmed();
  }
  // Probes until nothing is to be probed now; how many left.
  int probe(double loss = 0) {
    int probes = 0;
    while (auto size = search_.next_probe(now_)) {
      search_.on_probe_sent(*size);
      EXPECT_FALSE(search_.next_probe(now_)) << "two at once";
      EXPECT_GT(*size, search_.size());
      now_ += milliseconds(50);
      ++probes;
      *size <= mtu_ && !rng_.chance(loss) ? search_.on_probe_acked(now_, *size)
                                          : search_.on_probe_lost(now_, *size);
      EXPECT_LE(search_.size(), mtu_);
    }
    return probes;
  }
  void wait(Duration duration) { now_ += duration; }
  void shrink(std::size_t mtu_bytes) { mtu_ = mtu_bytes; }
  void acked(std::size_t size) { search_.on_packet_acked(now_, number_++, size); }
  void lost(std::size_t size) { search_.on_packet_lost(now_, number_++, size); }
  MtuSearch& search() { return search_; }
  [[nodiscard]] Time now() const { return now_; }

 private:
  std::size_t mtu_;
  MtuSearch search_;
  Time now_ = kStart;
  Rng rng_{1};
  std::uint64_t number_ = 0;
};

TEST(MtuSearch, finds_every_path_within_32_bytes_and_never_exceeds_it) {
  for (std::size_t ceiling : {std::size_t{1452}, std::size_t{16383}}) {
    for (std::size_t mtu = 512; mtu <= 1500; mtu += 4) {
      Path path(mtu, ceiling);
      path.greet();
      ASSERT_LE(path.search().size(), mtu);
      int probes = path.probe();
      std::size_t most = std::min(mtu, ceiling);
      ASSERT_LE(path.search().size(), most);
      ASSERT_GT(path.search().size() + MtuSearch::kResolutionBytes, most);
      ASSERT_LE(probes, 3 * 11);
    }
  }
}

TEST(MtuSearch, needs_one_probe_when_the_ceiling_works) {
  Path path(1452, 1452);
  path.greet();
  EXPECT_EQ(path.search().size(), 1200u);
  EXPECT_EQ(path.probe(), 1);
  EXPECT_EQ(path.search().size(), 1452u);
  EXPECT_FALSE(path.search().next_probe_at());
}

TEST(MtuSearch, uses_no_size_above_the_base_before_the_handshake) {
  MtuSearch search;
  EXPECT_EQ(search.size(), 1200u);
  EXPECT_FALSE(search.next_probe(kStart));
}

TEST(MtuSearch, keeps_to_a_ceiling_below_the_base) {
  for (std::size_t ceiling : {256u, 512u, 1000u, 1200u}) {
    MtuSearch search(ceiling);
    search.on_confirmed();
    EXPECT_EQ(search.size(), ceiling);
    EXPECT_FALSE(search.next_probe(kStart));
    search.on_probe_timeout(kStart, 3);
    EXPECT_EQ(search.size(), std::min<std::size_t>(ceiling, 512));
  }
}

TEST(MtuSearch, finds_large_datagrams) {
  for (std::size_t mtu : {8972u, 9000u, 16383u}) {
    Path path(mtu, 16383);
    path.greet();
    path.probe();
    EXPECT_GT(path.search().size() + MtuSearch::kResolutionBytes, mtu);
  }
}

TEST(MtuSearch, gives_a_size_up_after_three_losses_only) {
  MtuSearch search(1452);
  search.on_confirmed();
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(search.next_probe(kStart), 1452u);
    search.on_probe_sent(1452);
    search.on_probe_lost(kStart, 1452);
  }
  ASSERT_EQ(search.next_probe(kStart), 1452u);
  search.on_probe_sent(1452);
  search.on_probe_acked(kStart, 1452);
  EXPECT_EQ(search.size(), 1452u);
}

TEST(MtuSearch, stays_below_the_path_when_probes_are_lost_at_random) {
  Path path(1452, 1452);
  path.greet();
  path.probe(0.4);
  EXPECT_GE(path.search().size(), 1200u);
}

TEST(MtuSearch, tries_again_after_ten_minutes) {
  Path path(1300, 1452);
  path.greet();
  path.probe();
  EXPECT_EQ(path.search().next_probe_at(), path.now() + MtuSearch::kRaiseTime);
  path.shrink(1452);
  path.wait(MtuSearch::kRaiseTime);
  path.probe();
  EXPECT_EQ(path.search().size(), 1452u);
}

TEST(MtuSearch, falls_to_the_base_then_to_the_floor_when_nothing_is_answered) {
  Path path(1452, 1452);
  path.greet();
  path.probe();
  MtuSearch& search = path.search();
  for (int timeouts : {1, 2}) search.on_probe_timeout(path.now(), timeouts);
  EXPECT_EQ(search.size(), 1452u);
  search.on_probe_timeout(path.now(), 3);
  EXPECT_EQ(search.size(), 1200u);
  for (int timeouts : {4, 5}) search.on_probe_timeout(path.now(), timeouts);
  EXPECT_EQ(search.size(), 1200u);
  for (int timeouts : {6, 9}) search.on_probe_timeout(path.now(), timeouts);
  EXPECT_EQ(search.size(), 512u);
}

TEST(MtuSearch, searches_again_half_a_minute_after_a_fall) {
  Path path(1452, 1452);
  path.greet();
  path.probe();
  path.shrink(1400);
  path.search().on_probe_timeout(path.now(), 3);
  EXPECT_EQ(path.probe(), 0);
  EXPECT_EQ(path.search().next_probe_at(), path.now() + MtuSearch::kBlackHoleTime);
  path.wait(MtuSearch::kBlackHoleTime);
  path.probe();
  EXPECT_LE(path.search().size(), 1400u);
  EXPECT_GT(path.search().size() + MtuSearch::kResolutionBytes, 1400u);
}

TEST(MtuSearch, ignores_the_verdict_on_a_probe_from_before_the_fall) {
  MtuSearch search(1452);
  search.on_confirmed();
  search.on_probe_sent(1452);
  search.on_probe_timeout(kStart, 3);
  search.on_probe_acked(kStart, 1452);
  EXPECT_EQ(search.size(), 512u);
}

TEST(MtuSearch, falls_when_six_full_packets_are_lost_while_small_ones_arrive) {
  Path path(1452, 1452);
  path.greet();
  path.probe();
  for (int i = 0; i < 5; ++i) path.lost(1452);
  path.acked(100);
  EXPECT_EQ(path.search().size(), 1452u);
  path.lost(1452);
  EXPECT_EQ(path.search().size(), 1200u);
  // What left before the fall says nothing about the new size.
  for (int i = 0; i < 20; ++i) path.lost(1452);
  path.acked(100);
  EXPECT_EQ(path.search().size(), 1200u);
  for (int i = 0; i < 6; ++i) path.lost(1200);
  path.acked(100);
  EXPECT_EQ(path.search().size(), 512u);
}

TEST(MtuSearch, does_not_fall_when_everything_is_lost_or_full_packets_arrive_between) {
  Path path(1452, 1452);
  path.greet();
  path.probe();
  path.acked(100);
  for (int i = 0; i < 20; ++i) path.lost(1452);
  EXPECT_EQ(path.search().size(), 1452u) << "congestion takes small packets too";
  path.acked(1452);
  for (int i = 0; i < 20; ++i) {
    for (int j = 0; j < 5; ++j) path.lost(1452);
    path.acked(100);
    path.acked(1452);
  }
  EXPECT_EQ(path.search().size(), 1452u);
}

TEST(MtuSearch, does_not_fall_by_losses_older_than_a_full_packet_that_arrived) {
  Path path(1452, 1452);
  path.greet();
  path.probe();
  MtuSearch& search = path.search();
  search.on_packet_acked(path.now(), 20, 1452);
  search.on_packet_acked(path.now(), 21, 100);
  for (std::uint64_t number = 5; number < 20; ++number) search.on_packet_lost(path.now(), number, 1452);
  EXPECT_EQ(search.size(), 1452u);
}

}  // namespace
}  // namespace kvferry::test
