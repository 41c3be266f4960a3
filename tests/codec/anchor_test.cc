// SPDX-License-Identifier: MIT
#include "codec/transform/anchor.h"

#include <gtest/gtest.h>

#include <vector>

namespace kvferry {
namespace {

// Seven rows of two columns in runs of three: rows 0, 3 and 6 are anchors, the last run is short.
const std::vector<float> kValues = {1, 2, 3, 5, 8, 13, 21, 34, 20, 30, 10, 5, 9, 9};

TEST(Anchor, the_first_row_of_each_run_is_its_anchor) {
  ASSERT_EQ(anchor_count(7, 3), 3U);
  std::vector<float> anchors(6);
  take_anchors(kValues.data(), 7, 2, 3, anchors.data());
  EXPECT_EQ(anchors, (std::vector<float>{1, 2, 21, 34, 9, 9}));
}

TEST(Anchor, other_rows_become_their_difference_to_the_anchor_that_was_given) {
  const std::vector<float> anchors = {1.5F, 2.5F, 20, 35, 100, 100};  // reconstructions, not the rows
  auto values = kValues;
  subtract_anchors(values.data(), 7, 2, 3, anchors.data());
  EXPECT_EQ(values, (std::vector<float>{1, 2, 1.5F, 2.5F, 6.5F, 10.5F, 21, 34, 0, -5, -10, -30, 9, 9}));
  add_anchors(values.data(), 7, 2, 3, anchors.data());
  EXPECT_EQ(values, kValues);
}

TEST(Anchor, runs_of_one_row_are_all_anchors) {
  const std::vector<float> anchors(kValues.size(), 7);
  auto values = kValues;
  subtract_anchors(values.data(), 7, 2, 1, anchors.data());
  EXPECT_EQ(values, kValues);
}

TEST(Anchor, no_rows_have_no_anchors) {
  EXPECT_EQ(anchor_count(0, 10), 0U);
  subtract_anchors(nullptr, 0, 2, 10, nullptr);
}

}  // namespace
}  // namespace kvferry
