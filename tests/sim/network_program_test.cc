// SPDX-License-Identifier: GPL-2.0-only
//
// kvferry-sim with plans that have a network: what is in runs.jsonl, that it repeats, and how runs end.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>

#include "protocol/card/card_file.h"
#include "scenarios/sim/processes.h"
#include "tests/sim/sim_plans.h"

namespace kvferry::sim {
namespace {

using Json = nlohmann::json;

constexpr const char* kSmall = "[card]\nshape = 'qwen2.5-0.5b'\ntokens = 16\npresets = ['int4']\n";

class NetworkProgram : public ::testing::Test {
 protected:
  int run(const std::string& plan, const std::string& out, const std::string& more = "") {
    const auto err = folder_ / "stderr";
    const auto file = folder_.write("plan.toml", plan);
    const auto command = std::string(KVFERRY_SIM_PROGRAM) + " " + file.string() + " --out " +
                         (folder_ / out).string() + more + " >" + (folder_ / "stdout").string() + " 2>" +
                         err.string();
    const int status = std::system(command.c_str());
    out_ = read_text(folder_ / "stdout");
    err_ = read_text(err);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  [[nodiscard]] std::string text(const std::string& out) const {
    return read_text(folder_ / (out + "/runs.jsonl"));
  }
  [[nodiscard]] std::vector<Json> lines(const std::string& out) const {
    std::vector<Json> lines;
    std::istringstream in(text(out));
    for (std::string line; std::getline(in, line);) lines.push_back(Json::parse(line));
    return lines;
  }
  [[nodiscard]] std::vector<std::string> names(const std::string& out) const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / out))
      names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }

  ScratchFolder folder_;
  std::string out_, err_;
};

class EveryNetwork : public NetworkProgram, public ::testing::WithParamInterface<std::string> {};

TEST_P(EveryNetwork, carries_a_card_to_each_reader_over_each_transport) {
  ASSERT_EQ(
      run("[network]\n" + GetParam() + "[agents]\ntransports = ['udp', 'tcp', 'quic']\n" + kSmall, "out"), 0)
      << err_;
  const auto all = lines("out");
  ASSERT_EQ(all.size(), 3u);
  for (const auto& line : all) {
    EXPECT_TRUE(line["ok"].get<bool>()) << line;
    ASSERT_FALSE(line["readers"].empty());
    for (const auto& reader : line["readers"]) {
      double before = 0;
      for (const auto* key : {"connect", "manifest", "first_chunk", "complete", "applied", "first_token"}) {
        ASSERT_TRUE(reader["time_s"][key].is_number()) << key << line;
        EXPECT_GE(reader["time_s"][key].get<double>(), before) << key << line;
        before = reader["time_s"][key];
      }
    }
    std::uint64_t total = 0;
    for (const auto& [key, bytes] : line["wire"].items())
      total += key == "total" ? 0 : bytes.get<std::uint64_t>();
    EXPECT_EQ(line["wire"]["total"], total);
    EXPECT_GT(line["wire"]["payload"], 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, EveryNetwork,
                         ::testing::Values("kind = 'pair'\nip = 6\n",
                                           "kind = 'star'\nreaders = 2\nrate_mbps = [5, 10]\n",
                                           "kind = 'chain'\nhops = 3\n",
                                           "kind = 'dumbbell'\npairs = 2\nqueue_discipline = 'CoDel'\n",
                                           "kind = 'csma'\nreaders = 2\n",
                                           "kind = 'wifi'\nreaders = 2\nrate_mbps = 50\nip = 6\n",
                                           "kind = 'lte'\ndistance_m = 50\n"),
                         [](const auto& kind) {
                           const auto begin = kind.param.find('\'') + 1;
                           return kind.param.substr(begin, kind.param.find('\'', begin) - begin);
                         });

const std::string kSweep =
    "seeds = 2\n[network]\nkind = 'dumbbell'\nqueue_packets = 20\nloss_model = 'gilbert-elliott'\n"
    "good_to_bad = 0.02\nbad_to_good = 0.3\n[agents]\ntransports = ['udp', 'tcp', 'quic']\n"
    "start_spread_s = 0.2\n[background]\ntcp_flows = 1\nudp_share = 0.2\n[output]\nflow_monitor = true\n"
    "[sweep]\n'network.rate_mbps' = [2, 8]\n" +
    std::string(kSmall);

TEST_F(NetworkProgram, gives_the_same_file_again_and_however_many_processes_there_are) {
  ASSERT_EQ(run(kSweep, "one", " --jobs 1"), 0) << err_;
  ASSERT_EQ(run(kSweep, "three", " --jobs 3"), 0) << err_;
  EXPECT_EQ(text("one"), text("three"));
  EXPECT_EQ(names("three"), std::vector<std::string>{"runs.jsonl"});
  const auto all = lines("one");
  ASSERT_EQ(all.size(), 2u * 3 * 2);
  for (const auto& line : all) EXPECT_TRUE(line["ok"].get<bool>()) << line;
  EXPECT_EQ(all[0]["point"], (Json{{"network.rate_mbps", 2}}));
  EXPECT_EQ(all[0]["seed"], 1);
  EXPECT_EQ(all[1]["seed"], 2);
  EXPECT_EQ(all[2]["transport"], "tcp");
  EXPECT_EQ(all[6]["point"], (Json{{"network.rate_mbps", 8}}));
  EXPECT_NE(all[0]["readers"], all[1]["readers"]);  // another seed
  EXPECT_NE(all[0]["wire"], all[1]["wire"]);
  EXPECT_GT(all[0]["flows"]["agents"]["received_bytes"], 0);
  EXPECT_GT(all[0]["flows"]["background"]["received_bytes"], 0);
}

TEST_F(NetworkProgram, a_card_of_a_file_arrives_whole_and_over_a_trace) {
  ASSERT_TRUE(write_card_file(folder_ / "a.card", test::sample_card(1, 6, 4000)));
  (void)folder_.write("trace", "1\n2\n4\n");
  ASSERT_EQ(run("[network]\nkind = 'pair'\ntrace = 'trace'\nloss = 0.02\nip = 6\n[card]\nfile = 'a.card'\n"
                "[output]\npcap = true\nanimation = true\n",
                "out", " --json"),
            0)
      << err_;
  EXPECT_EQ(out_, R"({"runs":1,"arrived":1,"results":")" + (folder_ / "out/runs.jsonl").string() + "\"}\n");
  EXPECT_EQ(names("out"), (std::vector<std::string>{"animation", "pcap", "runs.jsonl"}));
  EXPECT_EQ(names("out/pcap"), (std::vector<std::string>{"0-0-1.pcap", "0-1-1.pcap"}));
  EXPECT_EQ(names("out/animation"), std::vector<std::string>{"0.xml"});
}

TEST_F(NetworkProgram, a_profile_makes_agents_wait) {
  const std::string plan = "[network]\nkind = 'pair'\n" + std::string(kSmall);
  ASSERT_EQ(run(plan, "at-once"), 0) << err_;
  ASSERT_EQ(run(plan + "[agents]\nprofile = 'edge-gpu-llama-3.1-8b'\nanswer_tokens = 2\n", "waits"), 0)
      << err_;
  const auto times = [&](const std::string& out) { return lines(out)[0]["readers"][0]["time_s"]; };
  EXPECT_EQ(times("at-once")["complete"], times("at-once")["first_token"]);
  const auto slow = times("waits");
  EXPECT_GT(slow["manifest"].get<double>(), times("at-once")["manifest"].get<double>() + 0.005);
  EXPECT_GT(slow["applied"], slow["complete"]);
  EXPECT_NEAR(slow["first_token"].get<double>() - slow["applied"].get<double>(), 0.08, 1e-6);
  EXPECT_NEAR(slow["last_token"].get<double>() - slow["first_token"].get<double>(), 0.08, 1e-6);
}

TEST_F(NetworkProgram, a_deadline_that_passes_is_a_result) {
  ASSERT_EQ(run("[network]\nkind = 'pair'\n[agents]\ndeadline_s = 0.05\n" + std::string(kSmall), "out"), 0)
      << err_;
  const auto line = lines("out").at(0);
  EXPECT_FALSE(line["ok"].get<bool>());
  EXPECT_EQ(line["readers"][0]["reason"], "not complete at the deadline");
  EXPECT_TRUE(line["readers"][0]["time_s"]["applied"].is_null());
}

TEST_F(NetworkProgram, refuses_what_is_wrong_before_it_makes_anything) {
  EXPECT_EQ(run("[network]\nkind = 'pair'\n[sweep]\n'network.loss' = [0, 2]\n" + std::string(kSmall), "out"),
            1);
  EXPECT_EQ(err_, "kvferry-sim: " + (folder_ / "plan.toml").string() +
                      ":4: key 'network.loss': expected a number from 0 to 1\n");
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out"));
  const std::string good = "[network]\nkind = 'pair'\n" + std::string(kSmall);
  EXPECT_EQ(run(good, "out", " --chunks"), 2);
  EXPECT_EQ(run(good, "out", " --jobs 0"), 2);
}

TEST_F(NetworkProgram, an_interrupt_leaves_nothing_behind) {
  const auto plan =
      folder_.write("plan.toml", "seeds = 2000\n[network]\nkind = 'pair'\n" + std::string(kSmall));
  const auto out = (folder_ / "out").string();
  const auto id = fork();
  if (id == 0) {
    (void)!freopen((folder_ / "stderr").c_str(), "w", stderr);
    execl(KVFERRY_SIM_PROGRAM, "kvferry-sim", plan.c_str(), "--out", out.c_str(), "--jobs", "2", nullptr);
    _exit(127);
  }
  for (int i = 0; i < 500 && !std::filesystem::exists(out); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  kill(id, SIGINT);
  int status = 0;
  ASSERT_EQ(waitpid(id, &status, 0), id);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_EQ(read_text(folder_ / "stderr"), "kvferry-sim: interrupted\n");
  EXPECT_FALSE(std::filesystem::exists(out));
}

TEST(Processes, an_error_in_one_ends_all_and_names_it) {
  const SignalsHeld held;
  ProcessWork work;
  work.name = [](std::size_t number) { return "piece " + std::to_string(number); };
  work.work = [](std::size_t number) -> Result<void> {
    if (number == 1) return Error{"broken"};
    if (number == 2) pause();
    return {};
  };
  const auto done = for_each_in_processes(4, 2, work);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message, "piece 1: broken");
}

TEST(Processes, one_that_a_signal_ends_is_an_error) {
  const SignalsHeld held;
  ProcessWork work;
  work.work = [](std::size_t) -> Result<void> {
    (void)raise(SIGKILL);
    return {};
  };
  const auto done = for_each_in_processes(1, 1, work);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message, "0: ended by a signal: Killed");
}

}  // namespace
}  // namespace kvferry::sim
