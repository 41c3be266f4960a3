// SPDX-License-Identifier: MIT
//
// A thousand seeds of faults on both bindings: first everything breaks, and
// nothing wrong is released; then it heals, and every card arrives, or both
// sides know why not. soak_faults runs more seeds.
#include <gtest/gtest.h>

#include "tests/protocol/fault_world.h"

namespace kvferry::test {
namespace {

constexpr std::uint64_t kSeeds = 1000;

void expect_all_held(Binding binding) {
  std::uint64_t chunks = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    const FaultOutcome outcome = run_faults(binding, seed);
    ASSERT_EQ(outcome.failure, "") << "seed " << seed;
    chunks += outcome.chunks;
  }
  EXPECT_GT(chunks, 20 * kSeeds);  // something did happen
}

TEST(Faults, then_healing_settle_every_transfer_on_datagrams) { expect_all_held(Binding::kDatagram); }

TEST(Faults, then_healing_settle_every_transfer_on_streams) { expect_all_held(Binding::kStream); }

TEST(Faults, then_healing_settle_every_transfer_although_digests_are_checked_late) {
  for (const Binding binding : {Binding::kStream, Binding::kDatagram}) {
    for (std::uint64_t seed = 0; seed < kSeeds / 4; ++seed)
      ASSERT_EQ(run_faults(binding, seed, true).failure, "") << "seed " << seed;
  }
}

// Beyond the thousand: each found something, as long as plans are drawn as they were.
TEST(Faults, of_seeds_that_found_something_are_settled) {
  for (const std::uint64_t seed :
       {27909, 30033, 37504, 42065, 45485, 47760, 50786, 54057, 59437, 60628, 63657, 1078995}) {
    for (const Binding binding : {Binding::kStream, Binding::kDatagram})
      EXPECT_EQ(run_faults(binding, seed).failure, "") << "seed " << seed;
  }
}

TEST(Faults, of_the_same_seed_leave_the_same_trace) {
  for (const Binding binding : {Binding::kStream, Binding::kDatagram}) {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
      const FaultOutcome once = run_faults(binding, seed);
      const FaultOutcome again = run_faults(binding, seed);
      ASSERT_EQ(once.trace, again.trace) << "seed " << seed;
      ASSERT_EQ(once.lasted, again.lasted) << "seed " << seed;
    }
    EXPECT_NE(run_faults(binding, 0).trace, run_faults(binding, 1).trace);
  }
}

}  // namespace
}  // namespace kvferry::test
