// SPDX-License-Identifier: GPL-2.0-only
#include "scenarios/sim/job_run.h"

#include <gtest/gtest.h>

#include "scenarios/sim/results.h"
#include "tests/sim/sim_plans.h"

namespace kvferry::sim {
namespace {

// Segments as cards of about 20, 80 and 320 kB; the link takes 5 Mbit/s.
LoadedJob sample_job(std::size_t segments) {
  LoadedJob out;
  for (std::size_t i = 0; i < segments; ++i) {
    Segment& segment = out.job.segments.emplace_back();
    segment.document = "doc" + std::to_string(i);
    auto& cards = out.cards.emplace_back();
    double quality = 0.6;
    for (const std::uint32_t chunks : {10, 40, 160}) {
      cards.push_back(source_of(test::sample_card(10 * i + chunks, chunks, 4000)));
      Encoding encoding = encoding_of(cards.back()->manifest(), {});
      encoding.preset = std::to_string(chunks);
      encoding.quality = quality += 0.1;
      segment.encodings.push_back(std::move(encoding));
    }
  }
  return out;
}

TransferPlan job_plan(SimTransport transport, const std::string& policy, double deadline_s) {
  auto transfer = transfer_plan(transport, 3);
  transfer.job = 0;
  transfer.policy = policy;
  transfer.deadline_s = deadline_s;
  return transfer;
}

class SimJob : public ::testing::TestWithParam<SimTransport> {};

TEST_P(SimJob, what_a_policy_chose_arrives_whole_before_the_deadline) {
  for (const auto* policy : {"fixed:10", "throughput", "mpc", "cachegen"}) {
    SCOPED_TRACE(policy);
    const auto result = run_job(plan_with_loss(0), job_plan(GetParam(), policy, 4), sample_job(8));
    ASSERT_EQ(result.reason, "");
    ASSERT_TRUE(result.complete_s);
    EXPECT_LT(*result.complete_s, 4);
    for (const auto& segment : result.segments) {
      EXPECT_EQ(segment.chunks.size(), std::stoul(segment.preset));
      EXPECT_GE(*segment.chosen_s, 0.02);
    }
    EXPECT_EQ(result.device_bytes, result.wire.GetTotal());
  }
}

TEST_P(SimJob, a_faster_link_gets_better_encodings) {
  const auto level = [&](double rate_mbps, std::size_t segments) {
    SimPlan plan = plan_with_loss(0);
    plan.link.rate_mbps = rate_mbps;
    return run_job(plan, job_plan(GetParam(), "throughput", 8), sample_job(segments)).segments.back().preset;
  };
  EXPECT_EQ(level(0.2, 8), "10");
  EXPECT_EQ(level(20, 16), "160");
}

TEST_P(SimJob, ends_at_the_deadline_with_what_is_here) {
  const auto result = run_job(plan_with_loss(0), job_plan(GetParam(), "fixed:160", 0.5), sample_job(4));
  EXPECT_FALSE(result.complete_s);
  const auto& first = result.segments.front();
  ASSERT_FALSE(first.chunks.empty());
  EXPECT_LT(first.chunks.size(), 160u);
  for (const auto& chunk : first.chunks) EXPECT_LE(chunk.time_s, 0.5);
  EXPECT_EQ(result.segments.back().preset, "");
}

TEST_P(SimJob, chunks_count_once_they_are_decoded) {
  auto job = sample_job(1);
  const auto usable = [&](double decode_s) {
    job.job.segments[0].encodings[2].decode = from_seconds(decode_s);
    return run_job(plan_with_loss(0), job_plan(GetParam(), "fixed:160", 0.5), job).segments[0].chunks.size();
  };
  EXPECT_LT(usable(3.2), usable(1.6) * 7 / 10);
  EXPECT_LT(usable(1.6), usable(0));
}

TEST_P(SimJob, gives_the_same_line_again) {
  const auto plan = plan_with_loss(0.02);
  const auto transfer = job_plan(GetParam(), "mpc", 2);
  const auto job = sample_job(5);
  EXPECT_EQ(job_line(transfer, run_job(plan, transfer, job), true),
            job_line(transfer, run_job(plan, transfer, job), true));
}

TEST_P(SimJob, segments_wait_as_long_as_the_deadline_lets_them) {
  SimPlan plan = plan_with_loss(0);
  plan.link.rate_mbps = 0.2;  // the last one waits for three minutes
  const auto result = run_job(plan, job_plan(GetParam(), "fixed:160", 400), sample_job(16));
  ASSERT_TRUE(result.complete_s) << result.reason;
  EXPECT_GT(*result.complete_s, 180);
  for (const auto& segment : result.segments) EXPECT_EQ(segment.chunks.size(), 160u);
}

// TCP tells of room in its buffer from within its sending, and crashed when it was entered again there.
TEST(SimJobOnTcp, a_buffer_that_fills_and_drains_at_gigabits_is_no_trouble) {
  Rng rng(1);
  std::vector<std::uint64_t> times;
  for (std::uint64_t ms = 0; ms < 400; ms += 5) {
    const std::uint64_t opportunities = 8 + rng.below(820);  // a millisecond: 0.1 to 10 Gbit/s
    for (std::uint64_t at = ms; at < ms + 5; ++at) times.insert(times.end(), opportunities, at);
  }
  times.push_back(400);
  SimPlan plan = plan_with_loss(0);
  plan.link.trace = plan.link.trace_back =
      std::make_shared<KvDeliveryTrace>(*KvDeliveryTrace::FromTimes(std::move(times)));
  plan.link.rate_mbps = plan.link.trace->GetMeanRateBps() / 1e6;
  plan.link.rtt_ms = 0.5;
  plan.link.queue_packets = 1000;
  LoadedJob job;
  for (std::size_t i = 0; i < 12; ++i) {
    job.job.segments.push_back({std::to_string(i), {}});
    job.cards.push_back({source_of(test::sample_card(i, 20, 140'000))});
    job.job.segments.back().encodings.push_back(encoding_of(job.cards.back()[0]->manifest(), {}));
    job.job.segments.back().encodings.back().preset = "one";
  }
  for (int start = 0; start < 3; ++start) {
    auto transfer = job_plan(SimTransport::kTcp, "fixed:one", 0.1);
    transfer.trace_start_s = 0.1 * start;
    EXPECT_EQ(run_job(plan, transfer, job).reason, "") << start;
  }
}

INSTANTIATE_TEST_SUITE_P(Transports, SimJob,
                         ::testing::Values(SimTransport::kTcp, SimTransport::kUdp, SimTransport::kQuic),
                         [](const auto& param) { return to_string(param.param) + 4; });

}  // namespace
}  // namespace kvferry::sim
