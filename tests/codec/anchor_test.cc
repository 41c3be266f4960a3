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

TEST(Anchor, rows_become_their_difference_to_the_reconstruction_that_was_given) {
  const std::vector<float> anchors = {1.5F, 2.5F, 20, 35, 9, 9};  // not quite the rows
  auto values = kValues;
  subtract_anchors(values.data(), 7, 2, 3, anchors.data());
  EXPECT_EQ(values,
            (std::vector<float>{-0.5F, -0.5F, 1.5F, 2.5F, 6.5F, 10.5F, 1, -1, 0, -5, -10, -30, 0, 0}));
  add_anchors(values.data(), 7, 2, 3, anchors.data());
  EXPECT_EQ(values, kValues);
}

TEST(Anchor, runs_of_one_row_leave_what_their_anchors_lost) {
  auto values = kValues;
  subtract_anchors(values.data(), 7, 2, 1, kValues.data());
  EXPECT_EQ(values, std::vector<float>(kValues.size(), 0.0F));
}

TEST(Anchor, no_rows_have_no_anchors) {
  EXPECT_EQ(anchor_count(0, 10), 0U);
  subtract_anchors(nullptr, 0, 2, 10, nullptr);
}

}  // namespace
}  // namespace kvferry
