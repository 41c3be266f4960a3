// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include <fstream>

#include "scenarios/lab/adapt/oracle.h"
#include "scenarios/lab/adapt/rate_trace.h"
#include "tests/scenarios/temporary_folder.h"

namespace kvferry {
namespace {

TEST(Oracle, TakesTheBestMixThatFits) {
  const std::vector<std::vector<OracleOption>> documents = {{{1000, 0.4}, {4000, 1.0}},
                                                            {{1000, 0.8}, {4000, 1.0}}};
  const Oracle oracle({}, documents);
  EXPECT_DOUBLE_EQ(oracle.best_f1(0, 0), 0);
  EXPECT_DOUBLE_EQ(oracle.best_f1(1000, 0), 0.4);
  EXPECT_DOUBLE_EQ(oracle.best_f1(2000, 0), 0.6);
  EXPECT_DOUBLE_EQ(oracle.best_f1(5000, 0), 0.9);
  EXPECT_DOUBLE_EQ(oracle.best_f1(1e9, 0), 1);
}

TEST(Oracle, SendsNoMoreWordsThanCanBeRead) {
  const std::vector<std::vector<OracleOption>> documents(3, {{1000, 0.5}, {10, 1.0, true}});
  const Oracle oracle({}, documents);
  EXPECT_DOUBLE_EQ(oracle.best_f1(1e9, 0), 0.5);
  EXPECT_DOUBLE_EQ(oracle.best_f1(1e9, 1), 2 / 3.0);
  EXPECT_DOUBLE_EQ(oracle.best_f1(25, 2), 2 / 3.0);
  EXPECT_DOUBLE_EQ(oracle.best_f1(1e9, 7), 1);
}

TEST(Oracle, ABeginningIsWorthWhatTheBestBeforeItWas) {
  const Oracle oracle({{100, 0.5}, {200, 0.4}, {300, 0.9}}, {{{250, 0.6}}});
  EXPECT_DOUBLE_EQ(oracle.best_f1(99, 0), 0);
  EXPECT_DOUBLE_EQ(oracle.best_f1(220, 0), 0.5);
  EXPECT_DOUBLE_EQ(oracle.best_f1(260, 0), 0.6);
  EXPECT_DOUBLE_EQ(oracle.best_f1(300, 0), 0.9);
}

TEST(RateTrace, HasTheRatesThatItWasMadeOf) {
  const auto trace = RateTrace::from_rates({12, 0, 24}, 500);
  EXPECT_DOUBLE_EQ(trace.length_s(), 1.5);
  EXPECT_NEAR(trace.mean_mbps(), 12, 0.1);
  EXPECT_NEAR(trace.bytes_between(0, 0.5), 750e3, 1500);
  EXPECT_NEAR(trace.bytes_between(0.5, 1), 0, 1500);
  EXPECT_NEAR(trace.bytes_between(1, 1.5), 1500e3, 3000);
  EXPECT_NEAR(trace.bytes_between(1, 1.75), 1500e3 + 375e3, 4500);  // it starts again
  EXPECT_EQ(trace.bytes_between(1, 0.5), 0);
}

TEST(RateTrace, IsReadAsItWasWritten) {
  const TemporaryFolder folder;
  const auto trace = RateTrace::from_rates({5, 1}, 300);
  ASSERT_TRUE(trace.write(folder.path() / "a.down"));
  std::ofstream(folder.path() / "notes.md") << "not a trace";
  const auto links = recorded_links(folder.path());
  ASSERT_TRUE(links) << links.error().message;
  ASSERT_EQ(links->size(), 1u);
  EXPECT_EQ((*links)[0].name, "a.down");
  EXPECT_EQ((*links)[0].trace.bytes_between(0.1, 2), trace.bytes_between(0.1, 2));
}

TEST(RateTrace, AFileThatIsNoneIsRefusedByLine) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "bad.up";
  std::ofstream(file) << "1\n5\n3\n";
  EXPECT_EQ(RateTrace::read(file).error().message, file.string() + ":3: expected times in order");
  std::ofstream(file) << "1\nx\n";
  EXPECT_EQ(RateTrace::read(file).error().message, file.string() + ":2: expected a number of milliseconds");
  EXPECT_TRUE(recorded_links(folder.path() / "none")->empty());
}

TEST(DrawnLinks, AreTheSameForTheSameSeed) {
  const auto one = drawn_links(1), again = drawn_links(1), other = drawn_links(2);
  for (size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(one[i].trace.mean_mbps(), again[i].trace.mean_mbps());
    EXPECT_NE(one[i].trace.mean_mbps(), other[i].trace.mean_mbps()) << one[i].name;
  }
  EXPECT_NEAR(one.back().trace.mean_mbps(), 5050, 500);
}

}  // namespace
}  // namespace kvferry
