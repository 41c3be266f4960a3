// SPDX-License-Identifier: MIT
#include "codec/half.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace kvferry {
namespace {

// The value of FP16 bits by definition, in double precision.
double by_definition(unsigned bits) {
  const double sign = (bits & 0x8000U) != 0 ? -1.0 : 1.0;
  const int exponent = static_cast<int>((bits >> 10) & 31U);
  const double fraction = bits & 1023U;
  if (exponent == 0) return sign * std::ldexp(fraction, -24);
  return sign * std::ldexp(1024.0 + fraction, exponent - 25);
}

TEST(Half, all_finite_patterns_convert_exactly_and_back) {
  for (unsigned bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    if (!half_is_finite(half)) continue;
    ASSERT_EQ(half_to_float(half), static_cast<float>(by_definition(bits))) << bits;
    ASSERT_EQ(float_to_half(half_to_float(half)), half) << bits;
  }
}

TEST(Half, halfway_between_neighbours_goes_to_the_even_one) {
  for (unsigned bits = 0; bits < 0x7bff; ++bits) {
    const double middle = (by_definition(bits) + by_definition(bits + 1)) / 2;
    const auto value = static_cast<float>(middle);  // exact: one bit more than FP16 has
    const unsigned even = (bits & 1U) == 0 ? bits : bits + 1;
    ASSERT_EQ(float_to_half(value), even) << bits;
    ASSERT_EQ(float_to_half(-value), even | 0x8000U) << bits;
    ASSERT_EQ(float_to_half(std::nextafterf(value, 0.0F)), bits) << bits;
    ASSERT_EQ(float_to_half(std::nextafterf(value, 1e9F)), bits + 1) << bits;
  }
}

TEST(Half, beyond_the_range_is_infinity_and_nan_stays_nan) {
  EXPECT_EQ(float_to_half(65519.99F), 0x7bff);
  EXPECT_EQ(float_to_half(65520.0F), 0x7c00);
  EXPECT_EQ(float_to_half(-std::numeric_limits<float>::infinity()), 0xfc00);
  EXPECT_EQ(float_to_half(std::numeric_limits<float>::quiet_NaN()) & 0x7fff, 0x7e00);
  EXPECT_TRUE(std::isnan(half_to_float(0x7e01)));
  EXPECT_EQ(half_to_float(0xfc00), -std::numeric_limits<float>::infinity());
}

TEST(Half, bfloat16_rounds_half_to_even) {
  EXPECT_EQ(float_to_bfloat16(1.0F), 0x3f80);
  EXPECT_EQ(float_to_bfloat16(std::bit_cast<float>(0x3f808000U)), 0x3f80);
  EXPECT_EQ(float_to_bfloat16(std::bit_cast<float>(0x3f818000U)), 0x3f82);
  EXPECT_EQ(float_to_bfloat16(std::bit_cast<float>(0x7fc00001U)), 0x7fc0);
  for (unsigned bits = 0; bits < 0x7f80; ++bits) {
    const auto half = static_cast<std::uint16_t>(bits);
    ASSERT_EQ(float_to_bfloat16(bfloat16_to_float(half)), half);
  }
}

}  // namespace
}  // namespace kvferry
