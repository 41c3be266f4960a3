// SPDX-License-Identifier: MIT
//
// Repair by benefit on the path, near a deadline.
#include <gtest/gtest.h>

#include "tests/protocol/near_deadline.h"
#include "tests/protocol/roles.h"

namespace kvferry::test {
namespace {

Reached reach_second(const NearDeadline& trial) {
  static const auto kFirst = card_of(1, 1);
  static const auto kSecond = std::make_shared<CardSource>(progressive_card(1));
  return reach(trial, kFirst, kSecond);
}

// There is no time to send anything again.
TEST(ProtectionPath, manifest_and_first_planes_survive_what_equal_protection_does_not_repair) {
  NearDeadline trial;
  trial.floor = 0.01;
  trial.lost_datagrams = {2, 11};
  trial.repair = Repair::kByBenefit;
  const Reached by_benefit = reach_second(trial);
  EXPECT_TRUE(by_benefit.head);
  EXPECT_EQ(by_benefit.recovered_packets, 9u);
  EXPECT_EQ(by_benefit.resent_bytes, 0u);
  trial.repair = Repair::kFollowLoss;
  const Reached equal = reach_second(trial);
  EXPECT_FALSE(equal.head);
  EXPECT_EQ(equal.recovered_packets, 0u);
  EXPECT_EQ(equal.benefit, 0);
}

TEST(ProtectionPath, more_is_usable_than_with_as_many_repair_bytes_for_all) {
  double by_benefit = 0, equal = 0;
  std::uint64_t by_benefit_bytes = 0, equal_bytes = 0;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    NearDeadline trial{0.05, 1, 2, Repair::kByBenefit, 0, seed, {}};
    const Reached a = reach_second(trial);
    trial.repair = Repair::kFollowLoss;
    trial.floor = 0.075;
    const Reached b = reach_second(trial);
    by_benefit += a.bytes;
    equal += b.bytes;
    by_benefit_bytes += a.repair_bytes;
    equal_bytes += b.repair_bytes;
  }
  EXPECT_GT(by_benefit, equal);
  EXPECT_LE(by_benefit_bytes, equal_bytes);
}

TEST(ProtectionPath, takes_about_as_many_repair_bytes_as_equal_protection) {
  std::uint64_t by_benefit = 0, equal = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    by_benefit += reach_second({0.02, 1, 3, Repair::kByBenefit, 0, seed, {}}).repair_bytes;
    equal += reach_second({0.02, 1, 3, Repair::kFollowLoss, 0, seed, {}}).repair_bytes;
  }
  EXPECT_GT(by_benefit, equal);
  EXPECT_LT(by_benefit, equal * 4 / 3);
}

TEST(ProtectionPath, is_equal_without_a_deadline) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    std::vector<Ledger> ledgers;
    for (Repair repair : {Repair::kFollowLoss, Repair::kByBenefit}) {
      Pair pair(pair_for({0.02, 1, 1, repair, 0, seed, {}}));
      serve(pair.server, progressive_card(1));
      confirm_when_complete(pair.client);
      KeepingSink sink;
      pair.client.connection.request(pair.now, {}, sink);
      ASSERT_TRUE(pair.run([&] { return pair.server.find<event::Confirmed>() != nullptr; }));
      ledgers.push_back(pair.server.connection.ledger());
    }
    EXPECT_EQ(ledgers[0].sent, ledgers[1].sent) << "seed " << seed;
    EXPECT_GT(ledgers[0].sent.fec, 0u);
  }
}

}  // namespace
}  // namespace kvferry::test
