// SPDX-License-Identifier: MIT
//
// What the congestion controllers make of a link, in virtual time. Tables of
// the same figures, over more seeds, come from bench_path.
#include "tests/protocol/goodput.h"

#include <gtest/gtest.h>

namespace kvferry::test {
namespace {

struct LossCase {
  double loss;
  std::uint32_t burst;
  double goodput;  // at least, for every seed
};

void PrintTo(const LossCase& c, std::ostream* out) { *out << c.loss << " in bursts of " << c.burst; }

class LossyGoodput : public ::testing::TestWithParam<LossCase> {};

TEST_P(LossyGoodput, the_default_controller_keeps_the_link_full) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Outcome outcome = transfer(lossy_wan(GetParam().loss, GetParam().burst), Congestion::kModel, 48, seed);
    EXPECT_GE(outcome.goodput, GetParam().goodput);
    EXPECT_LE(outcome.resent, GetParam().loss + 0.02);
    EXPECT_LE(outcome.most_queue, 1);
  }
}

INSTANTIATE_TEST_SUITE_P(FiftyMbit, LossyGoodput,
                         ::testing::Values(LossCase{0, 1, 0.93}, LossCase{0.01, 1, 0.92},
                                           LossCase{0.02, 1, 0.90}, LossCase{0.05, 1, 0.85},
                                           LossCase{0.05, 4, 0.86}),
                         [](const auto& c) {
                           return "loss_" + std::to_string(static_cast<int>(c.param.loss * 100)) +
                                  "_percent_in_bursts_of_" + std::to_string(c.param.burst);
                         });

TEST(Goodput, the_default_controller_does_not_fill_a_deep_queue) {
  LinkOptions link = lossy_wan(0);
  link.queue_bytes = 4'000'000;
  Outcome outcome = transfer(link, Congestion::kModel, 24, 6);
  EXPECT_GT(outcome.goodput, 0.93) << "seed 6";
  EXPECT_LT(outcome.mean_queue, 0.2);
  EXPECT_LT(outcome.most_queue, 2);
}

TEST(Goodput, a_shallow_queue_costs_little) {
  LinkOptions link = lossy_wan(0);
  link.rate_bits_per_s = 10e6;
  link.delay = milliseconds(15);
  link.queue_bytes = 25 * 1500;
  EXPECT_GT(transfer(link, Congestion::kModel, 4, 7).goodput, 0.92) << "seed 7";
}

TEST(Goodput, a_small_card_on_an_edge_link_is_not_held_up) {
  LinkOptions link = lossy_wan(0.01);
  link.rate_bits_per_s = 5e6;
  link.queue_bytes = 50'000;
  EXPECT_GT(transfer(link, Congestion::kModel, 1, 8).goodput, 0.85) << "seed 8";
}

TEST(Goodput, lost_acknowledgements_cost_little) {
  for (Congestion controller : {Congestion::kModel, Congestion::kCubic}) {
    SharedPath path = path_over(lossy_wan(0), 9);
    path.to_server.options().loss = 0.3;
    Flow& flow = path.add({controller, card_of(16, 9), 9, {}});
    EXPECT_TRUE(path.run(path.now + std::chrono::seconds(4), [&] { return flow.complete_at.has_value(); }))
        << "seed 9";
  }
}

TEST(Goodput, datagrams_of_1200_bytes_do_as_well) {
  FlowOptions options{Congestion::kModel, card_of(24, 10), 10, {}};
  options.config.max_datagram_bytes = 1200;
  EXPECT_GE(transfer(lossy_wan(0.01), options).goodput, 0.91) << "seed 10";
}

TEST(Goodput, a_round_trip_of_200_us_is_used_and_gets_no_queue) {
  LinkOptions link = lossy_wan(0);
  link.rate_bits_per_s = 1e9;
  link.delay = std::chrono::microseconds(100);
  link.queue_bytes = 1'000'000;
  SharedPath path = path_over(link, 11);
  Flow& flow = path.add({Congestion::kModel, card_of(64, 11, 1024), 11, {}});
  EXPECT_GT(share_of_link(path, flow, milliseconds(50), milliseconds(250)), 0.93) << "seed 11";
  EXPECT_LT(path.to_client.mean_queued_bytes(), 40'000) << "half of what leaves at once, and little more";
}

TEST(Goodput, a_gigabit_over_100_ms_is_filled) {
  LinkOptions link = lossy_wan(0);
  link.rate_bits_per_s = 1e9;
  link.delay = milliseconds(50);
  link.queue_bytes = 12'500'000;
  SharedPath path = path_over(link, 12);
  Flow& flow = path.add({Congestion::kModel, card_of(512, 12, 1024), 12, {}});
  EXPECT_GT(share_of_link(path, flow, milliseconds(2000), milliseconds(500)), 0.93) << "seed 12";
}

TEST(Goodput, a_rate_that_drops_and_comes_back_is_followed) {
  SharedPath path = path_over(lossy_wan(0), 13);
  Flow& flow = path.add({Congestion::kModel, card_of(128, 13), 13, {}});
  path.run_for(std::chrono::seconds(3));
  path.to_client.options().rate_bits_per_s = 5e6;
  EXPECT_GT(share_of_link(path, flow, milliseconds(2500), milliseconds(1500)), 0.9) << "seed 13";
  EXPECT_LT(*flow.server.path().rtt, milliseconds(100));
  path.to_client.options().rate_bits_per_s = 50e6;
  EXPECT_GT(share_of_link(path, flow, milliseconds(1000), milliseconds(1000)), 0.9);
}

TEST(Goodput, a_path_that_was_dead_for_five_seconds_is_filled_again) {
  for (Congestion controller : {Congestion::kModel, Congestion::kCubic}) {
    SharedPath path = path_over(lossy_wan(0), 14);
    Flow& flow = path.add({controller, card_of(128, 14), 14, {}});
    path.run_for(std::chrono::seconds(2));
    for (VirtualLink* link : {&path.to_client, &path.to_server}) link->options().loss = 1;
    path.run_for(std::chrono::seconds(5));
    for (VirtualLink* link : {&path.to_client, &path.to_server}) link->options().loss = 0;
    // Probes come ever more seldom, so that one of them may be 5 s away.
    EXPECT_GT(share_of_link(path, flow, std::chrono::seconds(6), std::chrono::seconds(1)), 0.9) << "seed 14";
  }
}

TEST(Goodput, a_connection_that_paused_has_not_forgotten_its_path) {
  SharedPath path = path_over(lossy_wan(0), 15);
  Flow& flow = path.add({Congestion::kModel, card_of(8, 15), 15, {}});
  auto complete = [&] { return flow.complete_at.has_value(); };
  ASSERT_TRUE(path.run(path.now + std::chrono::seconds(5), complete)) << "seed 15";
  for (Duration pause : {milliseconds(50), milliseconds(2000), milliseconds(12000)}) {
    path.run_for(pause);
    flow.request(path.now);
    Time begin = path.now;
    ASSERT_TRUE(path.run(path.now + std::chrono::seconds(5), complete)) << "seed 15";
    double least_s = 8 * 0x1p20 * 8 / (50e6 * 0.96) + 0.04;
    EXPECT_LT(to_seconds(*flow.complete_at - begin), least_s * 1.03)
        << "seed 15, paused for " << to_seconds(pause) << " s";
  }
}

TEST(Goodput, cubic_fills_a_clean_link_and_yields_to_loss) {
  EXPECT_GT(transfer(lossy_wan(0), Congestion::kCubic, 24, 16).goodput, 0.9) << "seed 16";
  EXPECT_LT(transfer(lossy_wan(0.01), Congestion::kCubic, 2, 16).goodput, 0.5) << "seed 16";
}

}  // namespace
}  // namespace kvferry::test
