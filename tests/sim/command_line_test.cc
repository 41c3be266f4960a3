// SPDX-License-Identifier: GPL-2.0-only
#include "sim/helper/kv-command-line.h"

#include <gtest/gtest.h>
#include <ns3/config.h>
#include <ns3/data-rate.h>
#include <ns3/enum.h>
#include <ns3/nstime.h>
#include <ns3/rng-seed-manager.h>
#include <ns3/string.h>

#include "sim/helper/kv-agent-helper.h"

namespace kvferry::sim {
namespace {

class SimCommandLine : public ::testing::Test {
 protected:
  SimCommandLine() {
    options.AddValue("readers", "a number", readers);
    options.AddValue("loss", "a share", loss);
    options.AddValue("rate", "a rate", rate);
    options.AddValue("time", "a time", time);
    options.AddValue("name", "a word", name);
    options.AddAttribute("transport", "kvferry::KvAgent::Transport");
  }
  ~SimCommandLine() override {
    ns3::RngSeedManager::SetRun(1);
    ns3::Config::Reset();
  }

  // The error, or "".
  std::string parse(std::vector<std::string> arguments) {
    std::string program = "script";
    std::vector<char*> argv = {program.data()};
    for (auto& argument : arguments) argv.push_back(argument.data());
    const auto parsed = options.Parse(static_cast<int>(argv.size()), argv.data());
    return parsed ? "" : parsed.error().message;
  }
  static std::string not_taken(const std::string& argument) {
    return argument + ": not a value that this option takes (try --help)";
  }

  KvCommandLine options{"script", "shows something"};
  uint32_t readers = 4;
  double loss = 0.5;
  ns3::DataRate rate{"1Mbps"};
  ns3::Time time = ns3::Seconds(1);
  std::string name = "a";
};

TEST_F(SimCommandLine, sets_values_attributes_and_the_run) {
  EXPECT_EQ(parse({"--readers=7", "-loss=0.25", "--rate=2Mbps", "--time=3ms", "--name", "b c",
                   "--transport=Quic", "--RngRun=9"}),
            "");
  EXPECT_EQ(readers, 7u);
  EXPECT_EQ(loss, 0.25);
  EXPECT_EQ(rate, ns3::DataRate("2Mbps"));
  EXPECT_EQ(time, ns3::MilliSeconds(3));
  EXPECT_EQ(name, "b c");
  EXPECT_EQ(ns3::RngSeedManager::GetRun(), 9u);
  ns3::EnumValue transport;
  ns3::CreateObject<KvReader>()->GetAttribute("Transport", transport);
  EXPECT_EQ(transport.Get(), KvAgent::QUIC);
}

TEST_F(SimCommandLine, sets_the_default_of_any_attribute) {
  EXPECT_EQ(parse({"--kvferry::KvReader::Deadline=5s"}), "");
  ns3::TimeValue deadline;
  ns3::CreateObject<KvReader>()->GetAttribute("Deadline", deadline);
  EXPECT_EQ(deadline.Get(), ns3::Seconds(5));
}

TEST_F(SimCommandLine, refuses_values_that_cannot_be) {
  for (const auto* wrong :
       {"--readers=3x", "--readers=-1", "--readers=", "--readers=99999999999", "--loss=much", "--rate=fast",
        "--name=", "--transport=Pigeon", "--kvferry::KvAgent::Port=0"})
    EXPECT_EQ(parse({wrong}), not_taken(wrong));
  EXPECT_EQ(readers, 4u);
}

// ns-3 aborts there; its many words are one line, and the status is that of wrong usage.
TEST_F(SimCommandLine, ends_with_one_line_where_ns3_would_abort) {
  const std::string wrong = "--RngRun=first";
  EXPECT_EXIT(parse({wrong}), ::testing::ExitedWithCode(2),
              "^script: --RngRun=first: not a value that this option takes");
}

TEST_F(SimCommandLine, refuses_names_that_there_are_not) {
  for (const auto* wrong : {"--reader", "--kvferry::KvAgent::Speed", "--ns3::Nothing::Port"})
    EXPECT_EQ(parse({std::string(wrong) + "=1"}), std::string(wrong) + ": no such option (try --help)");
  for (const auto* wrong : {"readers=3", "", "--", "---readers=3"})
    EXPECT_EQ(parse({wrong}),
              "'" + std::string(wrong) + "', expected options alone, --NAME=VALUE (try --help)");
}

TEST_F(SimCommandLine, says_one_line_where_ns3_would_end_the_program) {
  const auto line = [](const std::string& argument) {
    return "^script: " + argument + ": not a value [^\n]*\n$";
  };
  EXPECT_EXIT(parse({"--time=soon"}), ::testing::ExitedWithCode(2), line("--time=soon"));
  EXPECT_EXIT(parse({"--kvferry::KvReader::Deadline=soon"}), ::testing::ExitedWithCode(2),
              line("--kvferry::KvReader::Deadline=soon"));
}

}  // namespace
}  // namespace kvferry::sim
