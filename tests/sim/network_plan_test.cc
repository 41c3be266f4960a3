// SPDX-License-Identifier: GPL-2.0-only
#include "scenarios/sim/network_plan.h"

#include <gtest/gtest.h>

#include "protocol/card/card_file.h"
#include "tests/sim/sim_plans.h"

namespace kvferry::sim {
namespace {

constexpr const char* kCard = "[card]\nshape = 'llama-3-8b'\ntokens = 16\n";

TEST(NetworkPlanFile, is_known_by_its_network) {
  ScratchFolder folder;
  const auto network = is_network_plan(folder.write("a.toml", "[network]\nkind = 'pair'\n"));
  const auto transfers = is_network_plan(folder.write("b.toml", "[link]\nloss = 0\n"));
  ASSERT_TRUE(network && transfers);
  EXPECT_TRUE(*network);
  EXPECT_FALSE(*transfers);
}

TEST(NetworkPlanFile, runs_are_in_the_order_of_points_presets_transports_and_seeds) {
  ScratchFolder folder;
  const auto plan = read_network_plan(folder.write(
      "plan.toml",
      "name = 'order'\nseeds = [7, 9]\n[network]\nkind = 'star'\nreaders = 3\n"
      "[agents]\ntransports = ['udp', 'quic']\n"
      "[card]\nshape = 'llama-3-8b'\ntokens = 16\npresets = ['int8', 'bits:2.5']\n"
      "[sweep]\n'network.rate_mbps' = [2, 10.5]\n'agents.deadline_s' = [1, 5]\n'network.loss' = [0.01]\n"));
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->name, "order");
  ASSERT_EQ(plan->points.size(), 4u);
  using Values = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(plan->points[1].values,
            (Values{{"network.rate_mbps", "2"}, {"agents.deadline_s", "5"}, {"network.loss", "0.01"}}));
  EXPECT_EQ(plan->points[2].values,
            (Values{{"network.rate_mbps", "10.5"}, {"agents.deadline_s", "1"}, {"network.loss", "0.01"}}));
  EXPECT_EQ(plan->points[2].topology.capacity_mbps, 10.5);
  EXPECT_EQ(plan->points[1].agents.deadline_s, 5);
  EXPECT_EQ(plan->points[1].topology.readers, 3u);
  ASSERT_EQ(plan->runs.size(), 4u * 2 * 2 * 2);
  EXPECT_EQ(plan->runs[0].seed, 7u);
  EXPECT_EQ(plan->runs[1].seed, 9u);
  EXPECT_EQ(plan->runs[2].transport, SimTransport::kQuic);
  EXPECT_EQ(plan->runs[4].preset, "bits:2.5");
  EXPECT_EQ(plan->runs[8].point, 1u);
}

TEST(NetworkPlanFile, a_number_of_seeds_counts_from_1) {
  ScratchFolder folder;
  const auto plan = read_network_plan(
      folder.write("plan.toml", std::string("seeds = 3\n[network]\nkind = 'pair'\n") + kCard));
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_EQ(plan->points[0].seeds, (std::vector<std::uint64_t>{1, 2, 3}));
  EXPECT_EQ(plan->name, "plan");
}

TEST(NetworkPlanFile, a_profile_and_a_card_of_its_own_are_read) {
  ScratchFolder folder;
  ASSERT_TRUE(write_card_file(folder / "a.card", test::sample_card(1, 3, 100)));
  const auto plan = read_network_plan(
      folder.write("plan.toml",
                   "[network]\nkind = 'lte'\nreaders = 2\ndistance_m = [10, 500]\nip = 6\n"
                   "[agents]\nprofile = 'edge-gpu-llama-3.1-8b'\nanswer_tokens = 3\n[card]\nfile = 'a.card'\n"
                   "[background]\nudp_mbps = 1\nstart_s = 1\nstop_s = 2\n[output]\npcap = true\n"));
  ASSERT_TRUE(plan) << plan.error().message;
  const auto& point = plan->points[0];
  EXPECT_EQ(point.agents.profile->prefill_tokens_per_s, 1500);
  EXPECT_EQ(point.card.file->manifest().chunks.size(), 3u);
  EXPECT_EQ(point.card.presets.size(), 1u);
  EXPECT_EQ(point.background.stop_s, 2);
  EXPECT_TRUE(point.output.pcap);
}

struct BadNetwork {
  std::string text;     // before [card]
  std::string message;  // after the file's name
};

void PrintTo(const BadNetwork& plan, std::ostream* out) { *out << plan.message; }

class BadNetworkPlan : public ::testing::TestWithParam<BadNetwork> {};

TEST_P(BadNetworkPlan, is_refused_with_one_line_that_names_the_place) {
  ScratchFolder folder;
  (void)folder.write("empty", "");
  (void)folder.write("backwards", "5\n3\n");
  const auto file = folder.write("plan.toml", GetParam().text + kCard);
  const auto plan = read_network_plan(file);
  ASSERT_FALSE(plan);
  auto expected = GetParam().message;
  if (const auto at = expected.find("FOLDER"); at != std::string::npos)
    expected.replace(at, 6, file.parent_path().string());
  EXPECT_EQ(plan.error().message, file.string() + expected);
}

const std::string kPair = "[network]\nkind = 'pair'\n";

INSTANTIATE_TEST_SUITE_P(
    Messages, BadNetworkPlan,
    ::testing::Values(
        BadNetwork{"[network]\nkind = 'ring'\n",
                   ":2: key 'network.kind': expected pair, star, chain, dumbbell, csma, wifi or lte"},
        BadNetwork{"[network]\n", ":1: key 'network.kind': missing"},
        BadNetwork{"[network]\nkind = 'lte'\nloss = 2\n",
                   ":3: key 'network.loss': expected a number from 0 to 1"},
        BadNetwork{kPair + "readers = 2\n",
                   ":3: key 'network.readers': unknown, expected one of kind, ip, rate_mbps, delay_ms, "
                   "queue_packets, queue_discipline, loss_model, loss, trace, trace_back, trace_start_s"},
        BadNetwork{kPair + "ip = 5\n", ":3: key 'network.ip': expected 4 or 6"},
        BadNetwork{
            kPair + "queue_discipline = 'RED'\n",
            ":3: key 'network.queue_discipline': queue discipline 'RED', expected Fifo, PfifoFast, CoDel "
            "or FqCoDel"},
        BadNetwork{kPair + "loss_model = 'poisson'\n",
                   ":3: key 'network.loss_model': expected independent, gilbert-elliott or burst"},
        BadNetwork{kPair + "rtt_ms = 5\ndelay_ms = 5\n",
                   ":3: key 'network.rtt_ms': expected either rtt_ms or delay_ms"},
        BadNetwork{
            kPair + "trace = 'empty'\n",
            ":3: key 'network.trace': FOLDER/empty: no time above 0, expected at least one: the last is "
            "the trace's length"},
        BadNetwork{kPair + "trace = 'backwards'\n",
                   ":3: key 'network.trace': FOLDER/backwards:2: 3 after 5, expected times in order"},
        BadNetwork{kPair + "rate_mbps = [1, 2]\n", ":3: key 'network.rate_mbps': expected one rate"},
        BadNetwork{"[network]\nkind = 'star'\nreaders = 3\nrate_mbps = [1, 2]\n",
                   ":4: key 'network.rate_mbps': expected one rate, or one for each of 3 readers"},
        BadNetwork{"[network]\nkind = 'lte'\nreaders = 21\n",
                   ":3: key 'network.readers': expected a whole number from 1 to 20"},
        BadNetwork{"[network]\nkind = 'lte'\ndistance_m = [1, 2]\n",
                   ":3: key 'network.distance_m': expected one distance, or one for each of 1 readers"},
        BadNetwork{"[network]\nkind = 'wifi'\nreaders = 60\ncontenders = 60\n",
                   ":4: key 'network.contenders': expected a whole number from 0 to 40"},
        BadNetwork{"[network]\nkind = 'wifi'\nmcs = 9\nstandard = '802.11n'\n",
                   ":3: key 'network.mcs': MCS 9, expected 0 to 7 of 802.11n"},
        BadNetwork{
            "[network]\nkind = 'wifi'\nmcs = 9\nstandard = '802.11q'\n",
            ":4: key 'network.standard': standard '802.11q', expected 802.11 followed by a, b, g, n, ac or "
            "ax"},
        BadNetwork{"[network]\nkind = 'wifi'\nloss = 0.1\n",
                   ":3: key 'network.loss': expected rate_mbps beside it: of the wire from the source to the "
                   "access point"},
        BadNetwork{kPair + "[agents]\ntransports = ['udp', 'sctp']\n",
                   ":4: key 'agents.transports': 'sctp', expected udp, tcp or quic"},
        BadNetwork{kPair + "[agents]\ndeadline_s = 0\n",
                   ":4: key 'agents.deadline_s': expected a number from 1e-06 to 3600"},
        BadNetwork{kPair + "[background]\nudp_share = 0.5\nudp_mbps = 1\n",
                   ":5: key 'background.udp_mbps': expected either a share or a rate"},
        BadNetwork{"[network]\nkind = 'lte'\n[background]\nudp_share = 0.5\n",
                   ":4: key 'background.udp_share': expected udp_mbps: how much a radio carries is not known "
                   "beforehand"},
        BadNetwork{kPair + "[background]\nstart_s = 3\nstop_s = 2\n",
                   ":5: key 'background.stop_s': expected a time after start_s"},
        BadNetwork{kPair + "[sweep]\n'network.rate_mbps' = 3\n",
                   ":4: key 'sweep.network.rate_mbps': expected a list of values, at least one"},
        BadNetwork{kPair + "[sweep]\nnetwork.rate_mbps = [3]\n",
                   ":4: key 'sweep.network': expected the full name in quotes, such as \"link.rate_mbps\""},
        BadNetwork{kPair + "[sweep]\n'network.kind.x' = [1]\n",
                   ":4: key 'sweep.network.kind.x': expected the full name of a key"},
        BadNetwork{"seeds = 0\n" + kPair,
                   ":1: key 'seeds': expected a whole number from 1 to 10000, or a list of such numbers"}));

TEST(NetworkPlanFile, the_last_point_of_a_sweep_is_checked_and_its_line_named) {
  ScratchFolder folder;
  const auto file = folder.write(
      "plan.toml",
      kPair + kCard + "[sweep]\n'network.rate_mbps' = [1, 2]\n'network.loss' = [\n  0.1,\n  7\n]\n");
  const auto plan = read_network_plan(file);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().message, file.string() + ":10: key 'network.loss': expected a number from 0 to 1");
  const auto other = folder.write("plan.toml", kPair + kCard + "[sweep]\n'network.rate_mpbs' = [1, 2]\n");
  const auto unknown = read_network_plan(other);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().message.find(other.string() + ":7: key 'network.rate_mpbs': unknown"), 0u)
      << unknown.error().message;
}

TEST(NetworkPlanFile, cards_presets_and_profiles_that_are_not_there_are_named) {
  ScratchFolder folder;
  const auto message = [&](const std::string& text) {
    const auto file = folder.write("plan.toml", kPair + text);
    const auto plan = read_network_plan(file);
    return plan ? "none" : plan.error().message.substr(file.string().size());
  };
  EXPECT_EQ(message(""), ":1: key 'card': missing");
  EXPECT_EQ(message("[card]\nfile = 'none.card'\n").find(":4: key 'card.file': "), 0u);
  EXPECT_EQ(message("[card]\nshape = 'gpt'\n").find(":4: key 'card.shape': expected one of llama-3-8b"), 0u);
  EXPECT_EQ(message("[card]\nshape = 'llama-3-8b'\npresets = ['int3']\n"),
            ":5: key 'card.presets': 'int3': expected fp16, int8, int4, int2 or bits:X with X up to 16");
  EXPECT_EQ(message("[card]\nshape = 'llama-3-8b'\nfile = 'a.card'\n"),
            ":5: key 'card.file': expected either a shape or a file");
  EXPECT_EQ(message("[agents]\nprofile = 'abacus'\n" + std::string(kCard))
                .find(":4: key 'agents.profile': scenarios/profiles/abacus.toml not found"),
            0u);
}

}  // namespace
}  // namespace kvferry::sim
