// SPDX-License-Identifier: MIT
#include "scenarios/process.h"

#include <gtest/gtest.h>

#include "scenarios/lab/parallel.h"
#include "tests/scenarios/temporary_folder.h"

namespace kvferry {
namespace {

TEST(ChildProcess, success_is_exit_status_0) {
  auto child = ChildProcess::start({"true"});
  ASSERT_TRUE(child);
  EXPECT_TRUE(child->wait());
}

TEST(ChildProcess, failure_says_the_last_line_of_standard_error) {
  const TemporaryFolder folder;
  auto child = ChildProcess::start({"sh", "-c", "echo one >&2; echo two >&2; exit 1"}, folder.path() / "err");
  ASSERT_TRUE(child);
  const auto done = child->wait();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message, "two");
}

TEST(ChildProcess, a_silent_failure_says_its_status) {
  auto child = ChildProcess::start({"sh", "-c", "exit 3"});
  ASSERT_TRUE(child);
  const auto done = child->wait();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message, "sh: exit status 3");
}

TEST(ChildProcess, a_program_that_is_not_there_is_an_error) {
  const auto child = ChildProcess::start({"/nowhere/kvferry-sim"});
  ASSERT_FALSE(child);
  EXPECT_EQ(child.error().message, "kvferry-sim: cannot be started: No such file or directory");
}

TEST(Parallel, does_every_piece_once) {
  std::vector<std::atomic<int>> done(100);
  EXPECT_TRUE(for_each_index(done.size(), 4, [&](size_t i) -> Result<void> {
    ++done[i];
    return {};
  }));
  for (const auto& count : done) EXPECT_EQ(count, 1);
}

TEST(Parallel, stops_at_an_error_and_returns_it) {
  std::atomic<int> begun{0};
  const auto result = for_each_index(1000, 2, [&](size_t i) -> Result<void> {
    ++begun;
    if (i == 3) return Error{"three"};
    return {};
  });
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "three");
  EXPECT_LT(begun, 1000);
}

}  // namespace
}  // namespace kvferry
