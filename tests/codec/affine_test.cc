// SPDX-License-Identifier: MIT
#include "codec/quant/affine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "codec/half.h"
#include "tests/codec/caches.h"

namespace kvferry {
namespace {

struct Coded {
  std::vector<std::uint16_t> scales;
  std::vector<std::uint16_t> zeros;
  std::vector<std::uint8_t> codes;
  std::vector<std::uint16_t> decoded;
};

Coded run(const AffineShape& shape, const std::vector<float>& values, bool key) {
  const std::size_t groups = key ? shape.key_groups() : shape.value_groups();
  Coded coded{std::vector<std::uint16_t>(groups), std::vector<std::uint16_t>(groups),
              std::vector<std::uint8_t>(shape.elements()), std::vector<std::uint16_t>(shape.elements())};
  (key ? quantize_key : quantize_value)(shape, values.data(), coded.scales.data(), coded.zeros.data(),
                                        coded.codes.data());
  (key ? dequantize_key : dequantize_value)(shape, coded.scales.data(), coded.zeros.data(),
                                            coded.codes.data(), coded.decoded.data());
  return coded;
}

// Calls visit(group, index of the value) for every value, groups as affine.h describes them.
void for_each_group(const AffineShape& shape, bool key,
                    const std::function<void(std::size_t, std::size_t)>& visit) {
  const std::size_t per_head = (shape.head_dim + shape.group - 1) / shape.group;
  for (std::size_t i = 0; i < shape.elements(); ++i) {
    const std::size_t row = i / shape.channels();
    const std::size_t channel = i % shape.channels();
    const std::size_t in_head = channel % shape.head_dim / shape.group;
    const std::size_t head = channel / shape.head_dim;
    visit(key ? row / shape.group * shape.channels() + channel
              : (row * shape.heads + head) * per_head + in_head,
          i);
  }
}

struct Bounds {
  float lo = std::numeric_limits<float>::infinity();
  float hi = -std::numeric_limits<float>::infinity();
};

std::vector<Bounds> bounds_of(const AffineShape& shape, const std::vector<float>& values, bool key) {
  std::vector<Bounds> bounds(key ? shape.key_groups() : shape.value_groups());
  for_each_group(shape, key, [&](std::size_t group, std::size_t i) {
    bounds[group].lo = std::min(bounds[group].lo, values[i]);
    bounds[group].hi = std::max(bounds[group].hi, values[i]);
  });
  return bounds;
}

double squared_error(const std::vector<float>& values, const std::vector<std::uint16_t>& decoded) {
  double sum = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    sum += std::pow(static_cast<double>(values[i]) - static_cast<double>(half_to_float(decoded[i])), 2);
  }
  return sum / static_cast<double>(values.size());
}

// The same quantizer in double precision, with scales and zeros that are not rounded.
double ideal_squared_error(const AffineShape& shape, const std::vector<float>& values, bool key) {
  const auto bounds = bounds_of(shape, values, key);
  const double levels = (1U << shape.bits) - 1;
  double sum = 0;
  for_each_group(shape, key, [&](std::size_t group, std::size_t i) {
    const double lo = bounds[group].lo;
    const double step = (static_cast<double>(bounds[group].hi) - lo) / levels;
    const double code = std::nearbyint((static_cast<double>(values[i]) - lo) / step);
    sum += std::pow(static_cast<double>(values[i]) - (lo + code * step), 2);
  });
  return sum / static_cast<double>(values.size());
}

std::vector<float> gaussians(std::size_t n, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<float> values(n);
  for (float& value : values) value = half_to_float(float_to_half(testing::gaussian(rng)));
  return values;
}

TEST(Affine, codes_and_numbers_follow_the_written_arithmetic) {
  for (const unsigned bits : {8U, 4U, 2U}) {
    for (const bool key : {true, false}) {
      const AffineShape shape{21, 2, 19, 8, bits};
      const auto values = gaussians(shape.elements(), bits);
      const Coded coded = run(shape, values, key);
      const auto bounds = bounds_of(shape, values, key);
      const float levels = static_cast<float>((1U << bits) - 1);
      for_each_group(shape, key, [&](std::size_t group, std::size_t i) {
        const float zero = half_to_float(float_to_half(bounds[group].lo));
        const float scale = half_to_float(float_to_half(std::max(bounds[group].hi - zero, 0.0F) / levels));
        const float inverse = scale > 0 ? 1.0F / scale : 0.0F;
        const float steps = std::min(std::max((values[i] - zero) * inverse, 0.0F), levels);
        const float code = std::nearbyintf(steps);
        ASSERT_EQ(half_to_float(coded.scales[group]), scale);
        ASSERT_EQ(half_to_float(coded.zeros[group]), zero);
        ASSERT_EQ(static_cast<float>(coded.codes[i]), code);
        const float product = code * scale;
        ASSERT_EQ(coded.decoded[i], float_to_half(zero + product));
      });
    }
  }
}

// Of n uniform values the two extremes are exact and the others err by step^2 / 12, where
// the mean square of the range is n (n - 1) / ((n + 1) (n + 2)).
TEST(Affine, uniform_data_has_the_squared_error_of_theory) {
  for (const unsigned bits : {8U, 4U, 2U}) {
    for (const bool key : {true, false}) {
      const AffineShape shape{64, 64, 64, 64, bits};
      Rng rng(bits);
      std::vector<float> values(shape.elements());
      for (float& value : values) value = static_cast<float>(rng.uniform());
      const double levels = (1U << bits) - 1;
      const double n = 64;
      const double theory = (n - 2) / n * n * (n - 1) / ((n + 1) * (n + 2)) / (levels * levels) / 12;
      const double measured = squared_error(values, run(shape, values, key).decoded);
      EXPECT_NEAR(measured / theory, 1.0, bits == 8 ? 0.03 : 0.01) << bits;
    }
  }
}

TEST(Affine, gaussian_data_has_the_squared_error_of_a_double_precision_reference) {
  for (const unsigned bits : {8U, 4U, 2U}) {
    for (const bool key : {true, false}) {
      const AffineShape shape{64, 8, 128, 64, bits};
      const auto values = gaussians(shape.elements(), 40 + bits);
      const double ideal = ideal_squared_error(shape, values, key);
      const double measured = squared_error(values, run(shape, values, key).decoded);
      EXPECT_NEAR(measured / ideal, 1.0, bits == 8 ? 0.03 : 0.005) << bits;
    }
  }
}

TEST(Affine, constant_groups_and_single_rows_are_exact) {
  const AffineShape constant{10, 2, 16, 8, 2};
  const std::vector<float> same(constant.elements(), -3.140625F);
  for (const bool key : {true, false}) EXPECT_EQ(squared_error(same, run(constant, same, key).decoded), 0.0);
  const AffineShape row{1, 2, 16, 64, 2};
  const auto values = gaussians(row.elements(), 1);
  EXPECT_EQ(squared_error(values, run(row, values, true).decoded), 0.0);
}

TEST(Affine, the_ends_of_fp16_stay_finite_and_negative_zero_becomes_zero) {
  const AffineShape shape{2, 1, 8, 8, 4};
  const std::vector<float> values = {-65504, 65504,  -65504, 65504, 0, -0.0F, 6e-8F, -0.0F,
                                     65504,  -65504, -65504, 65504, 0, -0.0F, 0,     0};
  for (const bool key : {true, false}) {
    const Coded coded = run(shape, values, key);
    for (const std::uint16_t half : coded.decoded) EXPECT_TRUE(half_is_finite(half));
    for (const std::uint16_t zero : coded.zeros) EXPECT_NE(zero, 0x8000);
  }
}

}  // namespace
}  // namespace kvferry
