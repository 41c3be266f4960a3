// SPDX-License-Identifier: MIT
#include "codec/quant/quantizer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "codec/half.h"
#include "tests/codec/numbers.h"

namespace kvferry {
namespace {

using testing::gaussians;

struct Coded {
  std::vector<std::uint16_t> parameters;  // scales, then zeros
  std::vector<std::uint8_t> symbols;
  std::vector<float> decoded;
};

Coded run(const QuantSpec& spec, const BlockShape& shape, const std::vector<float>& values) {
  std::vector<std::uint8_t> planes(parameter_bytes(spec, shape));
  Coded coded{std::vector<std::uint16_t>(planes.size() / 2), std::vector<std::uint8_t>(shape.elements()),
              std::vector<float>(shape.elements())};
  quantize(spec, shape, values.data(), planes.data(), coded.symbols.data());
  for (std::size_t i = 0; i < coded.parameters.size(); ++i) {
    coded.parameters[i] = static_cast<std::uint16_t>(planes[i] | planes[i + coded.parameters.size()] << 8);
  }
  EXPECT_TRUE(dequantize(spec, shape, planes.data(), coded.symbols.data(), coded.decoded.data()).ok());
  return coded;
}

// The groups of a block, as spec.h describes them: the numbers of each, in storage order of scales.
std::vector<std::vector<std::size_t>> groups_of(const QuantSpec& spec, const BlockShape& shape) {
  std::vector<std::vector<std::size_t>> groups;
  const auto add = [&](std::size_t row, std::size_t row_end, std::size_t column, std::size_t column_end) {
    groups.emplace_back();
    for (std::size_t r = row; r < row_end; ++r) {
      for (std::size_t c = column; c < column_end; ++c) groups.back().push_back(r * shape.columns() + c);
    }
  };
  if (spec.along == Along::kTensor) add(0, shape.rows, 0, shape.columns());
  if (spec.along == Along::kChannel) {
    for (std::size_t row = 0; row < shape.rows; row += spec.group) {
      const std::size_t end = std::min<std::size_t>(row + spec.group, shape.rows);
      for (std::size_t column = 0; column < shape.columns(); ++column) add(row, end, column, column + 1);
    }
  }
  for (std::size_t row = 0; row < shape.rows; ++row) {
    if (spec.along == Along::kToken) add(row, row + 1, 0, shape.columns());
    if (spec.along != Along::kGroup) continue;
    for (std::size_t head = 0; head < shape.columns(); head += shape.head_dim) {
      for (std::size_t dim = 0; dim < shape.head_dim; dim += spec.group) {
        add(row, row + 1, head + dim, head + std::min<std::size_t>(dim + spec.group, shape.head_dim));
      }
    }
  }
  return groups;
}

std::vector<QuantSpec> specs_of(QuantKind kind, std::uint16_t symbols, std::uint16_t group) {
  return {{kind, Along::kTensor, symbols, 0},
          {kind, Along::kChannel, symbols, group},
          {kind, Along::kToken, symbols, 0},
          {kind, Along::kGroup, symbols, group}};
}

std::uint16_t fp16(float x) { return float_to_half(x); }
float fp16_value(float x) { return half_to_float(float_to_half(x)); }

double mean_squared_error(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    sum += std::pow(static_cast<double>(a[i]) - static_cast<double>(b[i]), 2);
  }
  return sum / static_cast<double>(a.size());
}

constexpr BlockShape kOddShape{21, 3, 19};

TEST(Quantizer, affine_symbols_and_numbers_follow_the_written_arithmetic) {
  for (unsigned bits = 1; bits <= 8; ++bits) {
    for (const QuantSpec& spec : specs_of(QuantKind::kAffine, static_cast<std::uint16_t>(1U << bits), 8)) {
      const auto values = gaussians(kOddShape.elements(), bits);
      const Coded coded = run(spec, kOddShape, values);
      const auto groups = groups_of(spec, kOddShape);
      ASSERT_EQ(coded.parameters.size(), 2 * groups.size());
      const float levels = static_cast<float>((1U << bits) - 1);
      for (std::size_t g = 0; g < groups.size(); ++g) {
        float lo = std::numeric_limits<float>::infinity();
        float hi = -lo;
        for (const std::size_t i : groups[g]) {
          lo = std::min(lo, values[i]);
          hi = std::max(hi, values[i]);
        }
        const float zero = fp16_value(lo);
        const float span = std::max(hi - zero, 0.0F);
        const float scale = fp16_value(span / levels);
        ASSERT_EQ(coded.parameters[g], fp16(span / levels));
        ASSERT_EQ(coded.parameters[groups.size() + g], fp16(lo));
        const float inverse = scale > 0 ? 1.0F / scale : 0.0F;
        for (const std::size_t i : groups[g]) {
          const float steps = std::min(std::max((values[i] - zero) * inverse, 0.0F), levels);
          ASSERT_EQ(static_cast<float>(coded.symbols[i]), std::nearbyintf(steps));
          const float product = std::nearbyintf(steps) * scale;
          ASSERT_EQ(coded.decoded[i], product + zero);
        }
      }
    }
  }
}

TEST(Quantizer, symmetric_symbols_and_numbers_follow_the_written_arithmetic) {
  for (const unsigned symbols : {3U, 5U, 11U, 15U, 31U, 127U, 255U}) {
    for (const QuantSpec& spec : specs_of(QuantKind::kSymmetric, static_cast<std::uint16_t>(symbols), 16)) {
      const auto values = gaussians(kOddShape.elements(), symbols);
      const Coded coded = run(spec, kOddShape, values);
      const auto groups = groups_of(spec, kOddShape);
      ASSERT_EQ(coded.parameters.size(), groups.size());
      const float most = static_cast<float>(symbols / 2);
      for (std::size_t g = 0; g < groups.size(); ++g) {
        float largest = 0;
        for (const std::size_t i : groups[g]) largest = std::max(largest, std::abs(values[i]));
        const float scale = fp16_value(largest / most);
        ASSERT_EQ(coded.parameters[g], fp16(largest / most));
        for (const std::size_t i : groups[g]) {
          const float steps = std::nearbyintf(std::clamp(values[i] * (1.0F / scale), -most, most));
          ASSERT_EQ(static_cast<float>(coded.symbols[i]), steps + most);
          ASSERT_EQ(coded.decoded[i], steps * scale);
        }
      }
    }
  }
}

TEST(Quantizer, two_symbols_are_signs_of_the_mean_magnitude) {
  for (const QuantSpec& spec : specs_of(QuantKind::kSymmetric, 2, 8)) {
    const auto values = gaussians(kOddShape.elements(), 2);
    const Coded coded = run(spec, kOddShape, values);
    const auto groups = groups_of(spec, kOddShape);
    ASSERT_EQ(coded.parameters.size(), groups.size());
    for (std::size_t g = 0; g < groups.size(); ++g) {
      double sum = 0;
      for (const std::size_t i : groups[g]) sum += std::abs(static_cast<double>(values[i]));
      const auto mean = static_cast<float>(sum / static_cast<double>(groups[g].size()));
      ASSERT_EQ(coded.parameters[g], fp16(mean));
      for (const std::size_t i : groups[g]) {
        ASSERT_EQ(coded.symbols[i], values[i] < 0 ? 0 : 1);
        ASSERT_EQ(coded.decoded[i], values[i] < 0 ? -fp16_value(mean) : fp16_value(mean));
      }
    }
  }
}

// Of n uniform values the two extremes are exact and the others err by step^2 / 12, where
// the mean square of the range is n (n - 1) / ((n + 1) (n + 2)).
TEST(Quantizer, uniform_data_has_the_squared_error_of_theory) {
  const BlockShape shape{64, 64, 64};
  Rng rng(7);
  std::vector<float> values(shape.elements());
  for (float& value : values) value = static_cast<float>(rng.uniform());
  for (const unsigned bits : {8U, 6U, 4U, 3U, 2U}) {
    for (const Along along : {Along::kChannel, Along::kGroup}) {
      const QuantSpec spec{QuantKind::kAffine, along, static_cast<std::uint16_t>(1U << bits), 64};
      const double levels = (1U << bits) - 1;
      const double n = 64;
      const double theory = (n - 2) / n * n * (n - 1) / ((n + 1) * (n + 2)) / (levels * levels) / 12;
      const double measured = mean_squared_error(values, run(spec, shape, values).decoded);
      EXPECT_NEAR(measured / theory, 1.0, bits == 8 ? 0.03 : 0.01) << bits;
    }
  }
}

// In a double-precision quantizer whose scales are not rounded.
double ideal_symmetric_error(const QuantSpec& spec, const BlockShape& shape,
                             const std::vector<float>& values) {
  const double most = spec.symbols / 2;
  double sum = 0;
  for (const auto& group : groups_of(spec, shape)) {
    double largest = 0;
    for (const std::size_t i : group) largest = std::max(largest, std::abs(static_cast<double>(values[i])));
    for (const std::size_t i : group) {
      const double x = values[i];
      sum += std::pow(x - std::nearbyint(x * most / largest) * largest / most, 2);
    }
  }
  return sum / static_cast<double>(values.size());
}

TEST(Quantizer, q8_0_and_cachegen_bins_err_as_a_double_precision_reference) {
  const BlockShape shape{64, 8, 128};
  const auto values = gaussians(shape.elements(), 5);
  const QuantSpec q8_0{QuantKind::kSymmetric, Along::kGroup, 255, 32};
  EXPECT_NEAR(mean_squared_error(values, run(q8_0, shape, values).decoded) /
                  ideal_symmetric_error(q8_0, shape, values),
              1.0, 0.03);
  for (const unsigned bins : {32U, 16U, 12U}) {
    const QuantSpec spec{QuantKind::kSymmetric, Along::kToken,
                         static_cast<std::uint16_t>(2 * (bins / 2 - 1) + 1), 0};
    EXPECT_NEAR(mean_squared_error(values, run(spec, shape, values).decoded) /
                    ideal_symmetric_error(spec, shape, values),
                1.0, 0.005)
        << bins;
  }
}

TEST(Quantizer, sizes_of_parameters_are_those_of_the_groups) {
  const BlockShape shape{65, 4, 96};
  const auto bytes = [&](QuantKind kind, Along along, std::uint16_t group) {
    return parameter_bytes({kind, along, 16, group}, shape);
  };
  EXPECT_EQ(bytes(QuantKind::kAffine, Along::kTensor, 0), 4U);
  EXPECT_EQ(bytes(QuantKind::kAffine, Along::kToken, 0), 4U * 65);
  EXPECT_EQ(bytes(QuantKind::kAffine, Along::kChannel, 64), 4U * 2 * 384);
  EXPECT_EQ(bytes(QuantKind::kAffine, Along::kGroup, 64), 4U * 65 * 4 * 2);
  EXPECT_EQ(bytes(QuantKind::kSymmetric, Along::kGroup, 32), 2U * 65 * 4 * 3);
  EXPECT_EQ(bytes(QuantKind::kRotated, Along::kTensor, 0), 2U * 65 * 4);
  EXPECT_EQ(bytes(QuantKind::kFp16, Along::kTensor, 0), 0U);
}

TEST(Quantizer, constant_blocks_are_exact_and_blocks_without_rows_are_nothing) {
  const BlockShape shape{10, 2, 16};
  const std::vector<float> same(shape.elements(), -3.140625F);
  for (const QuantSpec& spec : specs_of(QuantKind::kAffine, 4, 8)) {
    EXPECT_EQ(run(spec, shape, same).decoded, same);
    EXPECT_EQ(run(spec, {0, 2, 16}, {}).parameters.size(), 0U);
  }
  for (const QuantSpec& spec : specs_of(QuantKind::kSymmetric, 2, 8)) {
    EXPECT_EQ(run(spec, shape, same).decoded, same);
  }
}

TEST(Quantizer, the_ends_of_fp16_stay_finite_and_no_parameter_is_minus_zero) {
  const BlockShape shape{3, 1, 8};
  const std::vector<float> values = {-65504, 65504, -65504, 65504,  -65504, -0.0F, 6e-8F, -0.0F,
                                     65504,  0,     -65504, -65504, 65504,  -0.0F, 0,     -0.0F,
                                     -0.0F,  -0.0F, -0.0F,  -0.0F,  -0.0F,  -0.0F, -0.0F, -0.0F};
  for (const unsigned symbols : {2U, 4U, 16U, 256U}) {
    for (const QuantSpec& spec : specs_of(QuantKind::kAffine, static_cast<std::uint16_t>(symbols), 8)) {
      const Coded coded = run(spec, shape, values);
      for (const float x : coded.decoded) EXPECT_LE(std::abs(x), 65504.0F);
      for (const std::uint16_t parameter : coded.parameters) EXPECT_NE(parameter, 0x8000);
    }
  }
  for (const unsigned symbols : {2U, 3U, 15U, 255U}) {
    for (const QuantSpec& spec : specs_of(QuantKind::kSymmetric, static_cast<std::uint16_t>(symbols), 8)) {
      const Coded coded = run(spec, shape, values);
      for (const float x : coded.decoded) EXPECT_LE(std::abs(x), 65504.0F);
      for (const std::uint16_t parameter : coded.parameters) EXPECT_NE(parameter, 0x8000);
    }
  }
}

}  // namespace
}  // namespace kvferry
