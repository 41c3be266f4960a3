// SPDX-License-Identifier: GPL-2.0-only
#include "scenarios/sim/plan.h"

#include <gtest/gtest.h>

#include "tests/sim/sim_plans.h"

namespace kvferry::sim {
namespace {

constexpr const char* kTransfer = "[[transfer]]\nid = 'a'\ncard = 'a.card'\ntransport = 'ns3-udp'\n";

TEST(SimPlanFile, is_read_in_full) {
  ScratchFolder folder;
  const auto file =
      folder.write("plan.toml",
                   "seed = 3\n[link]\nrate_mbps = 10\nrtt_ms = 15.5\nloss = 0.02\nqueue_packets = 25\n"
                   "[tcp]\ncongestion = 'TcpBbr'\n"
                   "[udp]\ncongestion = 'cubic'\nmax_datagram_bytes = 1200\n"
                   "[[transfer]]\nid = 'a'\ncard = 'x/a.card'\ntransport = 'ns3-tcp'\n"
                   "[[transfer]]\nid = 'b'\ncard = '/b.card'\ntransport = 'ns3-udp'\nseed = 9\n"
                   "deadline_s = 2\n");
  const auto plan = read_sim_plan(file);
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->link.rate_mbps, 10);
  EXPECT_EQ(plan->link.rtt_ms, 15.5);
  EXPECT_EQ(plan->link.loss, 0.02);
  EXPECT_EQ(plan->link.queue_packets, 25u);
  EXPECT_EQ(plan->tcp_congestion, "TcpBbr");
  EXPECT_EQ(plan->udp_congestion, "cubic");
  EXPECT_EQ(plan->max_datagram_bytes, 1200u);
  ASSERT_EQ(plan->transfers.size(), 2u);
  EXPECT_EQ(plan->transfers[0].card, folder / "x/a.card");
  EXPECT_EQ(plan->transfers[0].transport, SimTransport::kTcp);
  EXPECT_FALSE(plan->transfers[0].deadline_s);
  EXPECT_EQ(plan->transfers[1].card, "/b.card");
  EXPECT_EQ(plan->transfers[1].transport, SimTransport::kUdp);
  EXPECT_EQ(plan->transfers[1].seed, 9u);
  EXPECT_EQ(plan->transfers[1].deadline_s, 2);
}

TEST(SimPlanFile, jobs_are_read_with_their_segments_and_encodings) {
  ScratchFolder folder;
  const auto plan = read_sim_plan(folder.write(
      "plan.toml",
      "[[job]]\nid = 'levels'\n[[job.segment]]\ndocument = 'd'\n[[job.segment.encoding]]\npreset = 'int4'\n"
      "card = 'x.card'\nquality = 0.5\ndecode_s = 0.25\n[[job.segment.encoding]]\npreset = 'text'\n"
      "card = 'y.card'\n[[transfer]]\nid = 'a'\njob = 'levels'\npolicy = 'mpc'\ntext = true\n"
      "transport = 'ns3-udp'\ndeadline_s = 3\ntrace_start_s = 7.5\n"));
  ASSERT_TRUE(plan) << plan.error().message;
  ASSERT_EQ(plan->jobs.size(), 1u);
  const auto& segment = plan->jobs[0].segments.at(0);
  EXPECT_EQ(segment.document, "d");
  ASSERT_EQ(segment.encodings.size(), 2u);
  EXPECT_EQ(segment.encodings[0].card, folder / "x.card");
  EXPECT_EQ(segment.encodings[0].quality, 0.5);
  EXPECT_EQ(segment.encodings[0].decode_s, 0.25);
  EXPECT_FALSE(segment.encodings[1].quality);
  EXPECT_EQ(plan->transfers[0].job, 0u);
  EXPECT_EQ(plan->transfers[0].policy, "mpc");
  EXPECT_TRUE(plan->transfers[0].text_allowed);
  EXPECT_EQ(plan->transfers[0].trace_start_s, 7.5);
}

TEST(SimPlanFile, a_transfer_has_the_same_seed_wherever_it_stands) {
  ScratchFolder folder;
  const std::string other = "[[transfer]]\nid = 'b'\ncard = 'a.card'\ntransport = 'ns3-udp'\n";
  const auto alone = read_sim_plan(folder.write("alone.toml", kTransfer));
  const auto second = read_sim_plan(folder.write("second.toml", other + kTransfer));
  const auto reseeded = read_sim_plan(folder.write("reseeded.toml", std::string("seed = 2\n") + kTransfer));
  ASSERT_TRUE(alone && second && reseeded);
  EXPECT_EQ(alone->transfers[0].seed, second->transfers[1].seed);
  EXPECT_NE(second->transfers[0].seed, second->transfers[1].seed);
  EXPECT_NE(alone->transfers[0].seed, reseeded->transfers[0].seed);
}

struct BadPlan {
  const char* text;
  const char* message;  // after the file's name
};

void PrintTo(const BadPlan& plan, std::ostream* out) { *out << plan.message; }

class SimBadPlan : public ::testing::TestWithParam<BadPlan> {};

TEST_P(SimBadPlan, is_refused_with_one_line_that_names_the_place) {
  ScratchFolder folder;
  const auto file = folder.write("plan.toml", GetParam().text + std::string(kTransfer));
  const auto plan = read_sim_plan(file);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().message, file.string() + GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Messages, SimBadPlan,
    ::testing::Values(
        BadPlan{"[link]\nrate_mpbs = 5\n",
                ":2: key 'link.rate_mpbs': unknown, expected one of rate_mbps, trace, trace_back, "
                "trace_start_s, rtt_ms, loss, queue_packets"},
        BadPlan{"\n[link]\nrate_mbps = -5\n",
                ":3: key 'link.rate_mbps': expected a number from 0.001 to 100000"},
        BadPlan{"[link]\ntrace_back = 'x'\n", ":2: key 'link.trace_back': expected trace beside it"},
        BadPlan{"[link]\nloss = 1.5\n", ":2: key 'link.loss': expected a number from 0 to 1"},
        BadPlan{"[link]\nloss = nan\n", ":2: key 'link.loss': expected a number from 0 to 1"},
        BadPlan{"[link]\nqueue_packets = 2.5\n",
                ":2: key 'link.queue_packets': expected a whole number from 1 to 1000000"},
        BadPlan{
            "[tcp]\ncongestion = 'TcpFast'\n",
            ":2: key 'tcp.congestion': expected the name of an ns-3 congestion control, such as TcpCubic or "
            "TcpBbr"},
        BadPlan{
            "[tcp]\ncongestion = 'UdpSocketFactory'\n",
            ":2: key 'tcp.congestion': expected the name of an ns-3 congestion control, such as TcpCubic or "
            "TcpBbr"},
        BadPlan{"[udp]\ncongestion = 'reno'\n", ":2: key 'udp.congestion': expected model or cubic"},
        BadPlan{"[udp]\nmax_datagram_bytes = 9000\n",
                ":2: key 'udp.max_datagram_bytes': expected a whole number from 256 to 1472"},
        BadPlan{"[[transfer]]\nid = 'b'\ncard = 'b.card'\ntransport = 'quic'\n",
                ":4: key 'transfer[1].transport': expected ns3-tcp, ns3-udp or ns3-quic"},
        BadPlan{"[[transfer]]\nid = 'a'\ncard = 'b.card'\ntransport = 'ns3-tcp'\n",
                ":6: key 'transfer[2].id': expected a name that no other transfer has"},
        BadPlan{"[[transfer]]\nid = 'b'\ntransport = 'ns3-tcp'\n", ":1: key 'transfer[1].card': missing"}));

TEST(SimPlanFile, follows_traces_where_it_names_them) {
  ScratchFolder folder;
  (void)folder.write("forth", "1\n2\n");
  const auto file =
      folder.write("plan.toml", "[link]\ntrace = 'forth'\ntrace_start_s = 1.5\n" + std::string(kTransfer));
  const auto plan = read_sim_plan(file);
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->link.trace->GetCount(), 2u);
  EXPECT_EQ(plan->link.trace_back, plan->link.trace);
  EXPECT_DOUBLE_EQ(plan->link.rate_mbps, 12);
  EXPECT_EQ(plan->link.trace_start_s, 1.5);
  (void)folder.write("forth", "1\n0\n");
  const auto bad = read_sim_plan(file);
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().message, file.string() +
                                     ":2: key 'link.trace': " + (file.parent_path() / "forth").string() +
                                     ":2: 0 after 1, expected times in order");
}

TEST(SimPlanFile, without_transfers_is_refused) {
  ScratchFolder folder;
  const auto file = folder.write("plan.toml", "seed = 1\n");
  const auto plan = read_sim_plan(file);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().message, file.string() + ":1: key 'transfer': missing");
}

}  // namespace
}  // namespace kvferry::sim
