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
