// SPDX-License-Identifier: MIT
#include "tests/netem/delivery_trace.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace kvferry::netem::test {
namespace {

namespace fs = std::filesystem;

DeliveryTrace trace() { return *DeliveryTrace::from_times_ms({0, 3, 3, 10}); }

TEST(DeliveryTrace, starts_again_when_it_ends) {
  const std::vector<std::int64_t> expected_ms = {0, 3, 3, 10, 10, 13, 13, 20, 20, 23};
  for (std::size_t i = 0; i < expected_ms.size(); ++i) {
    EXPECT_EQ(trace().time_of(i), milliseconds(expected_ms[i])) << i;
  }
}

TEST(DeliveryTrace, finds_the_first_opportunity_by_going_through_all) {
  for (Duration time(0); time <= milliseconds(45); time += Duration(250'000)) {
    std::uint64_t first = 0;
    while (trace().time_of(first) < time) ++first;
    EXPECT_EQ(trace().first_not_before(time), first) << time.count();
  }
}

TEST(DeliveryTrace, is_read_from_a_file_of_lines) {
  const fs::path file = fs::path(testing::TempDir()) / ("delivery_trace_" + std::to_string(getpid()));
  std::ofstream(file) << "1\n2\n5\n";
  const auto good = DeliveryTrace::read(file);
  ASSERT_TRUE(good) << good.error().message;
  EXPECT_EQ(good->time_of(3), milliseconds(6));
  std::ofstream(file) << "1\ntwo\n";
  EXPECT_EQ(DeliveryTrace::read(file).error().message,
            file.string() + ": line 2: expected a number of milliseconds");
  fs::remove(file);
  EXPECT_FALSE(DeliveryTrace::read(file));
}

TEST(DeliveryTrace, refuses_what_is_no_time_line) {
  EXPECT_FALSE(DeliveryTrace::from_times_ms({}));
  EXPECT_FALSE(DeliveryTrace::from_times_ms({0, 0}));
  EXPECT_FALSE(DeliveryTrace::from_times_ms({-1, 4}));
  EXPECT_EQ(DeliveryTrace::from_times_ms({3, 2, 4}).error().message, "line 2: expected times in order");
}

}  // namespace
}  // namespace kvferry::netem::test
