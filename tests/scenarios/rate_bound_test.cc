// SPDX-License-Identifier: MIT
#include "scenarios/lab/rate_bound.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/codec/progressive_cards.h"

namespace kvferry {
namespace {

TEST(GaussianRate, of_equal_variances_is_half_a_bit_for_each_factor_of_two) {
  const std::vector<double> variances(7, 4.0);
  EXPECT_NEAR(gaussian_rate(variances, 4.0 / 16), 2.0, 1e-9);
  EXPECT_EQ(gaussian_rate(variances, 4.0), 0);
  EXPECT_EQ(gaussian_rate(variances, 9.0), 0);
}

TEST(GaussianRate, leaves_out_what_lies_below_the_water) {
  // Water at 1: the error is (1 + 1 + 0.5) / 3.
  const std::vector<double> variances = {16, 4, 0.5};
  EXPECT_NEAR(gaussian_rate(variances, 2.5 / 3), (2.0 + 1.0) / 3, 1e-9);
}

TEST(GaussianRate, bit_planes_are_not_far_from_it_even_with_little_calibration) {
  const KvGeometry geometry{2, 2, 24};
  const auto calibration = testing::calibration_for(geometry);
  const std::vector caches = {testing::structured_cache(geometry, 500, 6),
                              testing::structured_cache(geometry, 300, 9)};
  const auto points = measure_rate(caches, *calibration, 12);
  ASSERT_TRUE(points.ok()) << points.error().message;
  ASSERT_EQ(points->size(), 12U);
  for (const RatePoint& point : *points) {
    EXPECT_GT(point.bound, 0);
    EXPECT_LT(point.bits - point.bound, 0.5) << point.level;
    EXPECT_GT(point.bits, 0.9 * point.bound) << point.level;
  }
  for (std::size_t i = 1; i < points->size(); ++i) {
    EXPECT_LT((*points)[i].distortion, (*points)[i - 1].distortion);
  }
}

}  // namespace
}  // namespace kvferry
