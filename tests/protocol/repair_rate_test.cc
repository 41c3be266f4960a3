// SPDX-License-Identifier: MIT
//
// From loss to the number of repair packets.
#include "protocol/datagram/repair_rate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "protocol/datagram/repair_code.h"

namespace kvferry::test {
namespace {

TEST(RepairCount, at_one_percent_is_the_published_share) {
  EXPECT_EQ(repair_count(20, 0.01), 3u);   // 15 %
  EXPECT_EQ(repair_count(50, 0.01), 4u);   // 8 %
  EXPECT_EQ(repair_count(100, 0.01), 5u);  // 5 %
}

// Summed over the outcomes that fail, by logarithms.
double failure(std::size_t k, std::size_t r, double loss) {
  const auto n = static_cast<double>(k + r);
  double sum = 0;
  for (double lost = static_cast<double>(r) + 1; lost <= n; ++lost) {
    sum += std::exp(std::lgamma(n + 1) - std::lgamma(lost + 1) - std::lgamma(n - lost + 1) +
                    lost * std::log(loss) + (n - lost) * std::log1p(-loss));
  }
  return sum;
}

TEST(RepairCount, is_the_least_that_fails_less_than_once_in_a_thousand) {
  for (std::size_t k = 1; k <= kMaxRepairSources; ++k) {
    for (double loss : {0.0001, 0.001, 0.01, 0.03, 0.1, 0.2, 0.4}) {
      SCOPED_TRACE(std::to_string(k) + " packets, loss " + std::to_string(loss));
      const std::size_t most = std::min(k, kMaxRepairSymbols);
      const std::size_t r = repair_count(k, loss);
      ASSERT_TRUE(r >= 1 && r <= most);
      ASSERT_TRUE(r == most || failure(k, r, loss) < 1e-3);
      ASSERT_TRUE(r == 1 || failure(k, r - 1, loss) >= 1e-3);
    }
  }
}

TEST(RepairCount, grows_as_fewer_failures_are_borne) {
  for (double loss : {0.001, 0.01, 0.05, 0.2}) {
    std::size_t before = 0;
    for (double failures = 1; failures > 1e-12; failures /= 2) {
      const std::size_t r = repair_count(48, loss, failures);
      ASSERT_GE(r, before);
      before = r;
    }
    EXPECT_EQ(repair_count(48, loss, 1), 0u);
    EXPECT_EQ(repair_count(48, loss, kUsualFailures), repair_count(48, loss));
  }
}

TEST(RepairCount, is_none_without_loss_and_bounded_with_any) {
  for (double loss : {0.0, 0.00009, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_EQ(repair_count(48, loss), 0u);
  }
  for (double loss : {0.49, 0.5, 0.9, 1.0, std::numeric_limits<double>::infinity()}) {
    EXPECT_EQ(repair_count(64, loss), kMaxRepairSymbols);
    EXPECT_EQ(repair_count(3, loss), 3u);
    EXPECT_EQ(repair_count(0, loss), 0u);
  }
}

TEST(RepairRate, follows_the_loss_of_the_last_thousand_packets) {
  RepairRate rate;
  EXPECT_EQ(rate.loss(), 0);
  for (std::uint64_t lost : {1, 2, 0}) {
    for (int round = 0; round < 500; ++round) rate.sample(20, lost);
    EXPECT_NEAR(rate.loss(), static_cast<double>(lost) / 20, 1e-4);
  }
  EXPECT_EQ(repair_count(48, rate.loss()), 0u);
}

TEST(RepairRate, does_not_take_one_early_loss_for_a_flood) {
  RepairRate rate;
  rate.sample(1, 1);
  EXPECT_LT(rate.loss(), 0.02);
}

TEST(RepairRate, stays_between_its_floor_and_one) {
  RepairRate rate(0.01);
  EXPECT_EQ(rate.loss(), 0.01);
  rate.sample(100'000, 0);
  EXPECT_EQ(rate.loss(), 0.01);
  rate.sample(0, 1'000'000);  // found lost later than the rest was settled
  EXPECT_EQ(rate.loss(), 1);
}

}  // namespace
}  // namespace kvferry::test
