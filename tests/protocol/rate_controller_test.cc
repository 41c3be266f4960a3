// SPDX-License-Identifier: MIT
#include "protocol/rate/controller.h"

#include <gtest/gtest.h>

#include "protocol/base/rng.h"
#include "tests/protocol/fluid_path.h"

namespace kvferry {
namespace {

using test::equal_job;
using test::FluidPath;

constexpr const char* kPolicies[] = {"fixed:level1", "cachegen", "throughput", "mpc", "progressive"};

RateController controller(Job job, const std::string& policy) {
  auto made = make_policy(policy);
  EXPECT_TRUE(made) << made.error().message;
  return RateController(std::move(job), std::move(*made));
}

std::vector<std::size_t> encodings(const RateController& controller) {
  std::vector<std::size_t> out;
  for (const Choice& choice : controller.choices()) out.push_back(choice.encoding.value_or(99));
  return out;
}

TEST(RatePolicy, UnknownNamesAreRefusedWithTheKnownOnes) {
  for (const char* name : {"", "fixed:", "oracle", "Mpc"}) {
    auto policy = make_policy(name);
    ASSERT_FALSE(policy);
    EXPECT_EQ(policy.error().message,
              "policy '" + std::string(name) +
                  "': expected fixed:PRESET, cachegen, throughput, mpc or progressive");
  }
}

TEST(RateController, NeverExceedsTheBudgetWhateverThePathDoes) {
  for (const char* policy : kPolicies) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      Rng rng(seed);
      Job job =
          equal_job(1 + rng.below(12), {1000 + rng.below(1000), 4000 + rng.below(4000), 20'000, 90'000});
      for (Segment& segment : job.segments) {
        for (Encoding& encoding : segment.encodings) {
          if (rng.below(4) == 0) encoding.curve = {{encoding.bytes / 4, 0.3}, {encoding.bytes / 2, 0.4}};
        }
      }
      job.byte_budget = rng.below(400'000);
      job.deadline = time_from_ns(static_cast<std::int64_t>(rng.below(5'000'000'000)));
      const auto budget = static_cast<double>(*job.byte_budget);
      auto tested = controller(std::move(job), policy);
      FluidPath path;
      path.rate_bytes_per_s = [&](double) { return static_cast<double>(rng.below(1'000'000)); };
      EXPECT_LE(path.run(tested, 6).sent_bytes, budget) << policy << ", seed " << seed;
    }
  }
}

TEST(RateController, LeavesLaterSegmentsTheirSmallestEncodings) {
  Job job = equal_job(4, {1000, 50'000});
  job.byte_budget = 54'000;
  auto tested = controller(std::move(job), "fixed:level1");
  while (tested.next(Time{})) {
  }
  EXPECT_EQ(encodings(tested), (std::vector<std::size_t>{1, 0, 0, 0}));
}

// CacheGen is as it was released: the last segments may turn once more.
TEST(RateController, DoesNotOscillateOnAConstantLink) {
  for (const char* policy : {"fixed:level1", "throughput", "mpc", "progressive"}) {
    for (double rate : {3e4, 1e5, 3e5, 1e6, 3e6}) {
      Job job = equal_job(40, {5'000, 20'000, 60'000, 200'000});
      job.deadline = time_from_ns(10'000'000'000);
      auto tested = controller(std::move(job), policy);
      FluidPath path;
      path.rate_bytes_per_s = [&](double) { return rate; };
      (void)path.run(tested, 11);
      const auto levels = encodings(tested);
      int turns = 0, direction = 0;
      for (std::size_t i = 1; i < levels.size(); ++i) {
        if (levels[i] == levels[i - 1] || levels[i] == 99) continue;
        const int step = levels[i] > levels[i - 1] ? 1 : -1;
        turns += step == -direction;
        direction = step;
      }
      EXPECT_LE(turns, 2) << policy << " at " << rate;
    }
  }
}

TEST(DeliveryRate, ConvergesWithinFiveRoundTripsOfAStep) {
  for (const auto& [before, after] : {std::pair{1e6, 1e5}, {1e5, 1e6}, {5e6, 4e6}}) {
    Job job = equal_job(1, {100'000'000});
    auto tested = controller(std::move(job), "fixed:level0");
    FluidPath path;
    path.rate_bytes_per_s = [&](double t) { return t < 2 ? before : after; };
    const double settled_s = 2 + 5 * path.rtt_s;
    (void)path.run(tested, settled_s);
    EXPECT_NEAR(*tested.rate().last(), after, 0.05 * after);
    EXPECT_NEAR(*tested.rate().harmonic_mean(), after, 0.1 * after) << before << " to " << after;
  }
}

TEST(DeliveryRate, AnOutageShowsWhileItLasts) {
  auto tested = controller(equal_job(1, {100'000'000}), "fixed:level0");
  FluidPath path;
  path.rate_bytes_per_s = [&](double t) { return t < 1 ? 1e6 : 0; };
  (void)path.run(tested, 3);
  EXPECT_LT(*tested.rate().harmonic_mean(), 1e4);
}

TEST(DeliveryRate, WaitingForTheNextSegmentIsInNoSample) {
  DeliveryRate rate;
  const auto at = [](double s) { return time_from_ns(static_cast<std::int64_t>(s * 1e9)); };
  const auto burst = [&](double from_s, std::uint64_t bytes) {
    for (int i = 1; i <= 20; ++i)
      rate.observe(at(from_s + i * 0.01), bytes + 10'000u * static_cast<unsigned>(i), milliseconds(10),
                   i < 20);
  };
  burst(0, 0);
  rate.observe(at(5), 200'000, milliseconds(10), false);
  burst(5, 200'000);
  EXPECT_NEAR(*rate.harmonic_mean(), 1e6, 1e4);
  EXPECT_NEAR(*rate.cautious(), 1e6, 3e4);
}

TEST(DeliveryRate, APeerThatTakesBackWhatArrivedIsNoFaster) {
  DeliveryRate rate;
  for (int i = 1; i <= 10; ++i) {
    rate.observe(time_from_ns(i * 100'000'000), 100'000u * static_cast<unsigned>(i), milliseconds(100), true);
    rate.observe(time_from_ns(i * 100'000'000 + 60'000'000), 7, milliseconds(100), true);
  }
  EXPECT_NEAR(*rate.last(), 1e6, 1e3);
}

TEST(DeliveryRate, ACautiousPredictionIsLoweredByItsLargestError) {
  DeliveryRate rate;
  std::uint64_t bytes = 1;
  rate.observe(time_from_ns(0), bytes, milliseconds(100), true);
  for (int i = 1; i <= 5; ++i) {
    bytes += i == 3 ? 50'000u : 100'000u;
    rate.observe(time_from_ns(i * 100'000'000), bytes, milliseconds(100), true);
  }
  // Samples of 1, 1, 0.5, 1, 1 MB/s; the third was predicted twice as high.
  EXPECT_NEAR(*rate.harmonic_mean(), 5e6 / 6, 1);
  EXPECT_NEAR(*rate.cautious(), 5e6 / 12, 1);
}

TEST(CacheGen, StartsInTheMiddleAndThenTakesWhatFitsForAllThatIsLeft) {
  Job job = equal_job(10, {10'000, 40'000, 100'000});
  job.deadline = time_from_ns(5'000'000'000);
  auto tested = controller(std::move(job), "cachegen");
  FluidPath path;
  path.rate_bytes_per_s = [](double) { return 100'000.0; };  // 500 kB until the deadline: level1 for all
  const auto outcome = path.run(tested, 6);
  EXPECT_EQ(encodings(tested)[0], 1u);
  EXPECT_EQ(encodings(tested)[5], 1u);
  for (double finished : outcome.finished_s) EXPECT_LT(finished, 5);
}

TEST(Mpc, MeetsTheDeadlineWhenTheLinkCollapsesMidway) {
  Job job = equal_job(20, {5'000, 50'000, 200'000});
  job.deadline = time_from_ns(10'000'000'000);
  auto tested = controller(std::move(job), "mpc");
  FluidPath path;
  path.rate_bytes_per_s = [](double t) { return t < 1 ? 400'000.0 : 40'000.0; };
  const auto outcome = path.run(tested, 11);
  for (double finished : outcome.finished_s) EXPECT_LT(finished, 10);
}

TEST(Throughput, DoesNotCompressWhereDecodingTakesLongerThanSending) {
  Job job;
  for (int i = 0; i < 40; ++i) {
    Segment segment;
    segment.document = std::to_string(i);
    segment.encodings.push_back({"int4", 250'000, 1.0, {}, milliseconds(20)});
    segment.encodings.push_back({"fp16", 1'000'000, 1.0, {}, {}});
    job.segments.push_back(segment);
  }
  job.deadline = time_from_ns(10'000'000'000);
  for (const auto& [rate, expected] : {std::pair{1e9, 1u}, {1e6, 0u}}) {
    auto tested = controller(job, "throughput");
    FluidPath path;
    path.rtt_s = 0.0002;
    path.step_s = rate > 1e8 ? 0.00005 : 0.001;
    const double r = rate;
    path.rate_bytes_per_s = [r](double) { return r; };
    (void)path.run(tested, rate > 1e8 ? 0.1 : 11);
    EXPECT_EQ(encodings(tested)[39], expected) << rate;
  }
}

TEST(RateController, TextIsAChoiceOnlyWhereItIsAllowed) {
  Job job = equal_job(1, {50'000});
  job.segments[0].encodings.push_back({"text", 500, 1.0, {}, milliseconds(100)});
  job.deadline = time_from_ns(1'000'000'000);
  for (const char* policy : {"throughput", "mpc", "progressive", "cachegen"}) {
    job.text_allowed = false;
    auto without = controller(job, policy);
    EXPECT_EQ(without.next(Time{})->encoding, 0u) << policy;
    job.text_allowed = true;
    auto with = controller(job, policy);
    EXPECT_EQ(with.next(Time{})->encoding, policy == std::string("cachegen") ? 0u : 1u) << policy;
  }
}

// 20 documents, 10 s: the prefill of 12 of them takes it all, and the path carries one cache in 1 s.
Job job_with_words() {
  Job job = equal_job(20, {100'000});
  for (Segment& segment : job.segments)
    segment.encodings.push_back({"text", 500, 1.0, {}, milliseconds(800)});
  job.deadline = time_from_ns(10'000'000'000);
  job.text_allowed = true;
  return job;
}

TEST(RateController, AReceiverIsSentNoMoreWordsThanItCanReadInTime) {
  for (const char* policy : {"throughput", "mpc", "cachegen"}) {
    auto tested = controller(job_with_words(), policy);
    FluidPath path;
    path.rate_bytes_per_s = [](double) { return 1e5; };
    (void)path.run(tested, 11);
    const auto chosen = encodings(tested);
    EXPECT_LE(std::count(chosen.begin(), chosen.end(), 1u), 12) << policy;
    EXPECT_GE(std::count(chosen.begin(), chosen.end(), 0u), 6) << policy;
  }
}

TEST(RateController, WordsThatCannotBeReadInTimeAreNoChoice) {
  Job job = job_with_words();
  job.deadline = time_from_ns(700'000'000);
  for (const char* policy : {"throughput", "mpc", "cachegen", "progressive"}) {
    auto tested = controller(job, policy);
    EXPECT_EQ(tested.next(Time{})->encoding, 0u) << policy;
  }
}

TEST(Progressive, PrefersACardThatCanBeCutToTextWhosePrefillIsTooLong) {
  Job job = equal_job(1, {50'000});
  job.segments[0].encodings[0].curve = {{1000, 0.5}, {20'000, 0.9}};
  job.segments[0].encodings.push_back({"text", 500, 1.0, {}, milliseconds(900)});
  job.deadline = time_from_ns(1'000'000'000);
  job.text_allowed = true;
  EXPECT_EQ(controller(job, "progressive").next(Time{})->encoding, 0u);
}

TEST(RateController, EncodingsBelowTheFloorAreNoChoice) {
  Job job = equal_job(2, {1000, 50'000});
  job.quality_floor = 0.7;
  auto tested = controller(job, "throughput");
  EXPECT_EQ(tested.next(Time{})->encoding, 1u);
  job.quality_floor = 0.9;
  auto hopeless = controller(job, "throughput");
  EXPECT_EQ(hopeless.next(Time{})->encoding, std::nullopt);
}

TEST(RateController, WhatWouldComeTooLateIsNotSent) {
  Job job = equal_job(2, {1000});
  job.deadline = time_from_ns(1'000'000'000);
  auto tested = controller(job, "throughput");
  tested.observe(Time{}, {0, milliseconds(40), 0});
  EXPECT_TRUE(tested.next(time_from_ns(900'000'000))->encoding);
  EXPECT_FALSE(tested.next(time_from_ns(990'000'000))->encoding);
  EXPECT_FALSE(tested.next(time_from_ns(995'000'000)));
}

TEST(RateController, OnALossyPathARepetitionIsReckonedWith) {
  Job job = equal_job(1, {1000});
  job.deadline = time_from_ns(1'000'000'000);
  auto tested = controller(job, "throughput");
  tested.observe(Time{}, {0, milliseconds(40), 0.02});
  EXPECT_FALSE(tested.next(time_from_ns(950'000'000))->encoding);
}

}  // namespace
}  // namespace kvferry
