// SPDX-License-Identifier: MIT
//
// Two transfers on one bottleneck: 50 Mbit/s, 40 ms, a queue of one
// bandwidth-delay product unless a test says otherwise.
#include <gtest/gtest.h>

#include "tests/protocol/goodput.h"

namespace kvferry::test {
namespace {

constexpr Duration kOver = std::chrono::seconds(20);

TEST(Sharing, two_flows_of_the_model_get_the_same_whenever_the_second_begins) {
  std::uint64_t seed = 1;
  for (Duration stagger : {milliseconds(0), milliseconds(700), milliseconds(3000), milliseconds(11000)}) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Sharing sharing = share(lossy_wan(0), Congestion::kModel, Congestion::kModel, stagger, kOver, seed++);
    EXPECT_GE(sharing.jain(), 0.95);
    EXPECT_GE(sharing.first + sharing.second, 0.93);
    EXPECT_LE(sharing.mean_queue, 0.6);
  }
}

TEST(Sharing, two_flows_of_the_model_get_the_same_on_a_lossy_path) {
  Sharing sharing =
      share(lossy_wan(0.02), Congestion::kModel, Congestion::kModel, milliseconds(3000), kOver, 5);
  EXPECT_GE(sharing.jain(), 0.95) << "seed 5";
  EXPECT_GE(sharing.first + sharing.second, 0.91);
}

TEST(Sharing, two_flows_of_cubic_get_the_same) {
  Sharing sharing =
      share(lossy_wan(0), Congestion::kCubic, Congestion::kCubic, milliseconds(3000), 2 * kOver, 6);
  EXPECT_GE(sharing.jain(), 0.9) << "seed 6";
}

TEST(Sharing, the_model_leaves_cubic_its_part_and_takes_its_own) {
  std::uint64_t seed = 7;
  for (std::size_t queue_bytes : {250'000, 500'000}) {
    for (bool model_first : {true, false}) {
      SCOPED_TRACE("seed " + std::to_string(seed));
      LinkOptions link = lossy_wan(0);
      link.queue_bytes = queue_bytes;
      Congestion first = model_first ? Congestion::kModel : Congestion::kCubic;
      Congestion second = model_first ? Congestion::kCubic : Congestion::kModel;
      Sharing sharing = share(link, first, second, milliseconds(3000), 2 * kOver, seed++);
      double model_to_cubic = sharing.first / sharing.second;
      if (!model_first) model_to_cubic = 1 / model_to_cubic;
      EXPECT_GT(model_to_cubic, 0.5);
      EXPECT_LT(model_to_cubic, 2);
    }
  }
}

}  // namespace
}  // namespace kvferry::test
