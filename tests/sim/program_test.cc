// SPDX-License-Identifier: GPL-2.0-only
//
// kvferry-sim as a process: exit statuses, output files, messages.
#include <gtest/gtest.h>
#include <sys/wait.h>

#include "protocol/card/card_file.h"
#include "tests/sim/sim_plans.h"

namespace kvferry::sim {
namespace {

class SimProgram : public ::testing::Test {
 protected:
  SimProgram() { EXPECT_TRUE(write_card_file(folder_ / "a.card", card_)); }

  // Exit status; what was printed is in out_ and err_ afterwards.
  int run(const std::string& arguments) {
    const auto out = folder_ / "stdout";
    const auto err = folder_ / "stderr";
    const auto command =
        std::string(KVFERRY_SIM_PROGRAM) + " " + arguments + " >" + out.string() + " 2>" + err.string();
    const int status = std::system(command.c_str());
    out_ = read_text(out);
    err_ = read_text(err);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  int run_plan(const std::string& plan, const std::string& out, const std::string& more = "") {
    return run(folder_.write(plan + ".toml", plans_.at(plan)).string() + " --out " +
               (folder_ / out).string() + more);
  }
  [[nodiscard]] std::string lines(const std::string& out) const {
    return read_text(folder_ / (out + "/transfers.jsonl"));
  }

  static std::string transfer(const std::string& id, const std::string& transport) {
    return "[[transfer]]\nid = '" + id + "'\ncard = 'a.card'\ntransport = '" + transport + "'\n";
  }

  ScratchFolder folder_;
  Card card_ = test::sample_card(1, 12, 6000);
  std::string out_, err_;
  std::map<std::string, std::string> plans_ = {
      {"lossy", "[link]\nloss = 0.02\n[tcp]\ncongestion = 'TcpBbr'\n" + transfer("t", "ns3-tcp") +
                    transfer("u", "ns3-udp")},
      {"turned", "[link]\nloss = 0.02\n[tcp]\ncongestion = 'TcpBbr'\n" + transfer("u", "ns3-udp") +
                     transfer("t", "ns3-tcp")},
      {"dead", "[link]\nloss = 1\n" + transfer("u", "ns3-udp")},
      {"wrong", "[link]\nloss = 2\n" + transfer("u", "ns3-udp")},
      {"missing", "[[transfer]]\nid = 'x'\ncard = 'none.card'\ntransport = 'ns3-udp'\n"},
  };
};

TEST_F(SimProgram, writes_a_line_and_a_card_for_each_transfer) {
  ASSERT_EQ(run_plan("lossy", "out"), 0) << err_;
  EXPECT_EQ(out_,
            "2 of 2 transfers arrived; results in " + (folder_ / "out/transfers.jsonl").string() + "\n");
  EXPECT_EQ(err_, "");
  const auto text = lines("out");
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
  EXPECT_EQ(text.find(R"({"id":"t","transport":"ns3-tcp","seed":)"), 0u) << text;
  for (const auto* name : {"out/arrived/0.card", "out/arrived/1.card"}) {
    const auto arrived = read_card_file(folder_ / name);
    ASSERT_TRUE(arrived) << arrived.error().message;
    EXPECT_TRUE(arrived->verify());
    EXPECT_TRUE(test::same_bytes(*arrived, card_));
  }
}

TEST_F(SimProgram, gives_the_same_bytes_again_and_whatever_the_order) {
  ASSERT_EQ(run_plan("lossy", "one", " --chunks"), 0) << err_;
  ASSERT_EQ(run_plan("lossy", "two", " --chunks"), 0) << err_;
  ASSERT_EQ(run_plan("turned", "turned", " --chunks"), 0) << err_;
  EXPECT_EQ(lines("one"), lines("two"));
  const auto without_place = [](const std::string& text, const std::string& id) {
    const auto begin = text.find("{\"id\":\"" + id + "\"");
    return text.substr(begin, text.find("\"arrived\"", begin) - begin);
  };
  EXPECT_EQ(without_place(lines("one"), "t"), without_place(lines("turned"), "t"));
  EXPECT_EQ(without_place(lines("one"), "u"), without_place(lines("turned"), "u"));
}

TEST_F(SimProgram, a_later_run_replaces_the_results_of_an_earlier_one) {
  ASSERT_EQ(run_plan("lossy", "out"), 0) << err_;
  ASSERT_EQ(run_plan("dead", "out", " --json"), 0) << err_;
  EXPECT_EQ(out_, R"({"transfers":1,"arrived":0,"results":")" + (folder_ / "out/transfers.jsonl").string() +
                      "\"}\n");
  EXPECT_NE(lines("out").find(R"("ok":false,"reason":")"), std::string::npos);
  EXPECT_TRUE(std::filesystem::is_empty(folder_ / "out/arrived"));
}

TEST_F(SimProgram, refuses_what_is_wrong_before_it_makes_anything) {
  EXPECT_EQ(run_plan("wrong", "out"), 1);
  EXPECT_EQ(err_, "kvferry-sim: " + (folder_ / "wrong.toml").string() +
                      ":2: key 'link.loss': expected a number from 0 to 1\n");
  EXPECT_EQ(run_plan("missing", "out"), 1);
  EXPECT_EQ(err_.find("kvferry-sim: " + (folder_ / "missing.toml").string() +
                      ": transfer 'x': card: " + (folder_ / "none.card").string() + ": "),
            0u)
      << err_;
  EXPECT_EQ(std::count(err_.begin(), err_.end(), '\n'), 1);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out"));
}

TEST_F(SimProgram, refuses_a_card_with_a_flipped_byte) {
  auto bytes = read_text(folder_ / "a.card");
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  folder_.write("a.card", bytes);
  EXPECT_EQ(run_plan("lossy", "out"), 1);
  EXPECT_NE(err_.find("chunk 11"), std::string::npos) << err_;
  EXPECT_FALSE(std::filesystem::exists(folder_ / "out"));
}

TEST_F(SimProgram, wrong_usage_is_status_2) {
  EXPECT_EQ(run(""), 2);
  EXPECT_EQ(run("plan.toml"), 2);
  EXPECT_EQ(run("--help"), 0);
}

}  // namespace
}  // namespace kvferry::sim
