// SPDX-License-Identifier: GPL-2.0-only
#include "sim/helper/kv-loss.h"

#include <ns3/double.h>
#include <ns3/packet.h>
#include <ns3/rng-seed-manager.h>

#include <gtest/gtest.h>

#include <vector>

#include "sim/model/kv-gilbert-elliott-error-model.h"

namespace kvferry::sim {
namespace {

constexpr int kPackets = 100'000;

struct Losses {
  double rate = 0;
  double mean_burst = 0;  // packets lost in a row
  std::vector<bool> each;
};

Losses losses_of(const KvLoss& loss, std::uint64_t run = 1) {
  ns3::RngSeedManager::SetRun(run);
  const auto model = loss.Create();
  KvLoss::AssignStreams(model, 7);
  Losses losses;
  double lost = 0;
  double bursts = 0;
  bool before = false;
  for (int i = 0; i < kPackets; ++i) {
    const bool now = model->IsCorrupt(ns3::Create<ns3::Packet>(100));
    losses.each.push_back(now);
    if (now) ++lost;
    if (now && !before) ++bursts;
    before = now;
  }
  losses.rate = lost / kPackets;
  losses.mean_burst = bursts > 0 ? lost / bursts : 0;
  return losses;
}

// What the chain says: the share that is lost, and that share over the share of losses that no loss follows.
Losses expected_of(const KvLoss& loss) {
  const double bad = loss.goodToBad / (loss.goodToBad + loss.badToGood);
  const double after_good = (1 - loss.goodToBad) * loss.lossInGood + loss.goodToBad * loss.lossInBad;
  const double after_bad = (1 - loss.badToGood) * loss.lossInBad + loss.badToGood * loss.lossInGood;
  const double rate = (1 - bad) * loss.lossInGood + bad * loss.lossInBad;
  const double twice = (1 - bad) * loss.lossInGood * after_good + bad * loss.lossInBad * after_bad;
  return {rate, rate / (rate - twice), {}};
}

TEST(SimLoss, gilbert_elliott_loses_as_much_and_in_bursts_as_long_as_the_formula_says) {
  for (const auto& loss : {KvLoss::GilbertElliott(0.02, 0.25), KvLoss::GilbertElliott(0.005, 0.1),
                           KvLoss::GilbertElliott(0.03, 0.3, 0.01, 0.6)}) {
    const auto seen = losses_of(loss);
    const auto expected = expected_of(loss);
    EXPECT_NEAR(seen.rate, expected.rate, 0.06 * expected.rate);
    EXPECT_NEAR(seen.mean_burst, expected.mean_burst, 0.06 * expected.mean_burst);
  }
  EXPECT_DOUBLE_EQ(expected_of(KvLoss::GilbertElliott(0.02, 0.25)).mean_burst, 4);
}

TEST(SimLoss, bursts_lose_as_many_packets_as_they_are_told) {
  const auto seen = losses_of(KvLoss::Bursts(0.005, 2, 4));
  EXPECT_NEAR(seen.rate, 0.015, 0.001);
  EXPECT_NEAR(seen.mean_burst, 3, 0.15);
}

TEST(SimLoss, independent_losses_come_alone) {
  const auto seen = losses_of(KvLoss::Independent(0.02));
  EXPECT_NEAR(seen.rate, 0.02, 0.002);
  EXPECT_NEAR(seen.mean_burst, 1.02, 0.02);
}

TEST(SimLoss, each_model_repeats_itself_in_a_run_and_not_in_another) {
  for (const auto& loss :
       {KvLoss::Independent(0.1), KvLoss::GilbertElliott(0.02, 0.25), KvLoss::Bursts(0.02, 1, 4)}) {
    const auto first = losses_of(loss, 1).each;
    EXPECT_EQ(first, losses_of(loss, 1).each);
    EXPECT_NE(first, losses_of(loss, 2).each);
  }
}

TEST(SimLoss, gilbert_elliott_starts_in_the_good_state_and_again_after_a_reset) {
  const auto model = KvLoss::GilbertElliott(0, 0, 0, 1).Create();
  EXPECT_FALSE(model->IsCorrupt(ns3::Create<ns3::Packet>(1)));
  model->SetAttribute("GoodToBad", ns3::DoubleValue(1));
  EXPECT_TRUE(model->IsCorrupt(ns3::Create<ns3::Packet>(1)));
  model->SetAttribute("GoodToBad", ns3::DoubleValue(0));
  EXPECT_TRUE(model->IsCorrupt(ns3::Create<ns3::Packet>(1)));
  model->Reset();
  EXPECT_FALSE(model->IsCorrupt(ns3::Create<ns3::Packet>(1)));
}

}  // namespace
}  // namespace kvferry::sim
