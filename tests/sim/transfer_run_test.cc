// SPDX-License-Identifier: GPL-2.0-only
#include "scenarios/sim/transfer_run.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "scenarios/sim/results.h"
#include "tests/sim/sim_plans.h"

namespace kvferry::sim {
namespace {

struct Setting {
  SimTransport transport;
  double loss;
};

void PrintTo(const Setting& setting, std::ostream* out) {
  *out << to_string(setting.transport) << " with loss " << setting.loss;
}

class SimTransfer : public ::testing::TestWithParam<Setting> {};

TEST_P(SimTransfer, arrives_byte_identical_and_every_byte_is_classed) {
  const auto card = test::sample_card(1, 24, 8000);
  std::uint64_t lost = 0;
  for (std::uint64_t seed = 0; seed < 6; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const auto result = run_transfer(plan_with_loss(GetParam().loss),
                                     transfer_plan(GetParam().transport, seed), source_of(card));
    ASSERT_TRUE(result.ok) << result.reason;
    EXPECT_TRUE(test::same_bytes(*result.arrived, card));
    EXPECT_EQ(result.card, card.digest());
    EXPECT_EQ(result.chunks.size(), card.chunks.size());
    EXPECT_EQ(result.wire.GetTotal(), result.device_bytes);
    EXPECT_EQ(result.wire.ours.payload, card.manifest.payload_bytes());
    EXPECT_GT(result.wire.lowerLayers, 0u);
    lost += result.packets.droppedError;
  }
  EXPECT_EQ(lost > 0, GetParam().loss > 0);
}

TEST_P(SimTransfer, reports_times_in_the_order_of_what_happened) {
  const auto card = test::sample_card(2, 10, 4000);
  const auto result =
      run_transfer(plan_with_loss(GetParam().loss), transfer_plan(GetParam().transport, 7), source_of(card));
  ASSERT_TRUE(result.ok) << result.reason;
  EXPECT_GE(*result.connect_s, 0.04);
  EXPECT_GE(*result.first_chunk_s, *result.connect_s);
  EXPECT_GE(*result.complete_s, *result.first_chunk_s);
  EXPECT_GE(*result.confirmed_s, *result.complete_s + 0.02);
  EXPECT_GT(*result.goodput_mbps, 0);
  EXPECT_LT(*result.goodput_mbps, 5);
  EXPECT_GE(*result.rtt_s, 0.04);
}

// As kvferry fetch: what it asks for leaves behind its own hello.
TEST(SimRequest, is_answered_with_the_hello) {
  const auto card = test::sample_card(2, 10, 1000);
  for (const auto transport : {SimTransport::kTcp, SimTransport::kUdp, SimTransport::kQuic}) {
    const auto result = run_transfer(plan_with_loss(0), transfer_plan(transport, 7), source_of(card));
    ASSERT_TRUE(result.ok) << result.reason;
    EXPECT_LT(*result.first_chunk_s, *result.connect_s + 0.02) << to_string(transport);
  }
}

TEST_P(SimTransfer, gives_the_same_line_for_the_same_seed_and_another_for_another) {
  const auto card = test::sample_card(3, 24, 8000);
  const auto plan = plan_with_loss(GetParam().loss);
  const auto line = [&](std::uint64_t seed) {
    auto transfer = transfer_plan(GetParam().transport, seed);
    return result_line(transfer, run_transfer(plan, transfer, source_of(card)), "", true);
  };
  const auto first = line(11);
  const auto other = line(12);
  EXPECT_EQ(first, line(11));
  EXPECT_NE(first, other);
}

// A link that is away from the 2nd to the 5th second of every eight, and runs at 3 Mbit/s otherwise.
std::shared_ptr<const KvDeliveryTrace> trace_with_outages() {
  std::vector<std::uint64_t> times;
  for (std::uint64_t ms = 4; ms <= 8000; ms += 4) {
    if (ms <= 2000 || ms > 5000) times.push_back(ms);
  }
  return std::make_shared<KvDeliveryTrace>(*KvDeliveryTrace::FromTimes(std::move(times)));
}

TEST_P(SimTransfer, outlasts_outages_of_a_recorded_link) {
  const auto card = test::sample_card(4, 130, 16000);  // some 2.8 s at 3 Mbit/s
  auto plan = plan_with_loss(GetParam().loss);
  plan.link.trace = plan.link.trace_back = trace_with_outages();
  const auto result = run_transfer(plan, transfer_plan(GetParam().transport, 3), source_of(card));
  ASSERT_TRUE(result.ok) << result.reason;
  EXPECT_TRUE(test::same_bytes(*result.arrived, card));
  EXPECT_EQ(result.wire.GetTotal(), result.device_bytes);
  EXPECT_GT(*result.complete_s, 5.0);
  plan.link.trace_start_s = 5;
  const auto later = run_transfer(plan, transfer_plan(GetParam().transport, 3), source_of(card));
  ASSERT_TRUE(later.ok) << later.reason;
  EXPECT_LT(*later.complete_s, GetParam().loss > 0 ? 9.0 : 4.0);
}

// Recordings that lie beside the project, if they do.
TEST(SimRecordedLink, carries_cards_over_cellular_recordings) {
  const std::filesystem::path folder = KVFERRY_SOURCE_DIR "/../shared/traces";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no recordings beside the project";
  const auto card = test::sample_card(5, 24, 16000);
  for (const char* name : {"Verizon-LTE-short", "TMobile-UMTS-driving"}) {
    auto plan = plan_with_loss(0);
    const auto read = [&](const char* way) {
      return std::make_shared<KvDeliveryTrace>(*KvDeliveryTrace::Read(folder / (std::string(name) + way)));
    };
    plan.link.trace = read(".down");
    plan.link.trace_back = read(".up");
    for (const auto transport : {SimTransport::kTcp, SimTransport::kUdp}) {
      const auto result = run_transfer(plan, transfer_plan(transport, 3), source_of(card));
      ASSERT_TRUE(result.ok) << name << ": " << result.reason;
      EXPECT_LE(result.packets.sent * 20, plan.link.trace->GetCount() * 1500);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Links, SimTransfer,
                         ::testing::Values(Setting{SimTransport::kTcp, 0}, Setting{SimTransport::kUdp, 0},
                                           Setting{SimTransport::kTcp, 0.01},
                                           Setting{SimTransport::kUdp, 0.01},
                                           Setting{SimTransport::kTcp, 0.05},
                                           Setting{SimTransport::kUdp, 0.05}, Setting{SimTransport::kQuic, 0},
                                           Setting{SimTransport::kQuic, 0.01},
                                           Setting{SimTransport::kQuic, 0.05}),
                         [](const auto& setting) {
                           return std::string(to_string(setting.param.transport) + 4) + "_loss_" +
                                  std::to_string(static_cast<int>(setting.param.loss * 100)) + "_percent";
                         });

class SimTransferEnd : public ::testing::TestWithParam<SimTransport> {};

TEST_P(SimTransferEnd, nothing_gets_through_ends_with_a_reason_in_bounded_time) {
  const auto card = test::sample_card(4, 4, 1000);
  const auto result = run_transfer(plan_with_loss(1), transfer_plan(GetParam(), 1), source_of(card));
  EXPECT_FALSE(result.ok);
  EXPECT_FALSE(result.reason.empty());
  EXPECT_FALSE(result.connect_s.has_value());
  EXPECT_FALSE(result.arrived.has_value());
  EXPECT_EQ(result.wire.GetTotal(), result.device_bytes);
  EXPECT_GT(result.device_bytes, 0u);
}

TEST_P(SimTransferEnd, heavy_loss_ends_in_the_card_or_in_a_reason) {
  const auto card = test::sample_card(9, 6, 8000);
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    auto plan = plan_with_loss(0.3);
    plan.link.rtt_ms = 300;
    const auto result = run_transfer(plan, transfer_plan(GetParam(), seed), source_of(card));
    EXPECT_EQ(result.ok, result.reason.empty());
    EXPECT_EQ(result.ok, result.arrived.has_value());
    EXPECT_EQ(result.wire.GetTotal(), result.device_bytes);
  }
}

TEST_P(SimTransferEnd, a_deadline_that_passes_ends_the_transfer_with_that_reason) {
  const auto card = test::sample_card(5, 40, 8000);  // takes a quarter of a second at least
  auto transfer = transfer_plan(GetParam(), 1);
  transfer.deadline_s = 0.2;
  const auto result = run_transfer(plan_with_loss(0), transfer, source_of(card));
  EXPECT_FALSE(result.ok);
  EXPECT_EQ(result.reason, "not complete at the deadline");
  EXPECT_TRUE(result.connect_s.has_value());
  EXPECT_FALSE(result.complete_s.has_value());
  EXPECT_EQ(result.wire.GetTotal(), result.device_bytes);
}

TEST_P(SimTransferEnd, a_short_queue_drops_and_the_card_still_arrives) {
  const auto card = test::sample_card(6, 40, 16000);
  auto plan = plan_with_loss(0);
  plan.link.queue_packets = 10;
  const auto result = run_transfer(plan, transfer_plan(GetParam(), 1), source_of(card));
  ASSERT_TRUE(result.ok) << result.reason;
  EXPECT_TRUE(test::same_bytes(*result.arrived, card));
  EXPECT_EQ(result.wire.GetTotal(), result.device_bytes);
}

INSTANTIATE_TEST_SUITE_P(Transports, SimTransferEnd,
                         ::testing::Values(SimTransport::kTcp, SimTransport::kUdp, SimTransport::kQuic),
                         [](const auto& transport) { return to_string(transport.param) + 4; });

TEST(SimTcpCongestion, every_kind_that_the_plan_may_name_delivers_and_repeats_itself) {
  const auto card = test::sample_card(7, 24, 8000);
  for (const auto* congestion : {"TcpCubic", "TcpBbr", "TcpLinuxReno", "TcpVegas"}) {
    SCOPED_TRACE(congestion);
    auto plan = plan_with_loss(0.01);
    plan.tcp_congestion = congestion;
    const auto transfer = transfer_plan(SimTransport::kTcp, 5);
    const auto first = run_transfer(plan, transfer, source_of(card));
    ASSERT_TRUE(first.ok) << first.reason;
    EXPECT_EQ(result_line(transfer, first, "", true),
              result_line(transfer, run_transfer(plan, transfer, source_of(card)), "", true));
  }
}

TEST(SimUdpCongestion, cubic_delivers_too) {
  const auto card = test::sample_card(8, 24, 8000);
  auto plan = plan_with_loss(0.01);
  plan.udp_congestion = "cubic";
  const auto result = run_transfer(plan, transfer_plan(SimTransport::kUdp, 5), source_of(card));
  ASSERT_TRUE(result.ok) << result.reason;
  EXPECT_EQ(result.wire.GetTotal(), result.device_bytes);
}

}  // namespace
}  // namespace kvferry::sim
