// SPDX-License-Identifier: MIT
#include "codec/quant/rotation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

#include "codec/quant/quantizer.h"
#include "tests/codec/numbers.h"

namespace kvferry {
namespace {

using testing::gaussians;

constexpr QuantSpec rotated(unsigned bits) {
  return {QuantKind::kRotated, Along::kTensor, static_cast<std::uint16_t>(1U << bits), 0};
}

struct Coded {
  std::vector<std::uint8_t> parameters;
  std::vector<std::uint8_t> symbols;
  std::vector<float> decoded;

  [[nodiscard]] float norm(std::size_t i) const {
    return half_to_float(
        static_cast<std::uint16_t>(parameters[i] | parameters[parameters.size() / 2 + i] << 8));
  }
};

Coded run(unsigned bits, const BlockShape& shape, const std::vector<float>& values) {
  Coded coded{std::vector<std::uint8_t>(parameter_bytes(rotated(bits), shape)),
              std::vector<std::uint8_t>(shape.elements()), std::vector<float>(shape.elements())};
  quantize(rotated(bits), shape, values.data(), coded.parameters.data(), coded.symbols.data());
  EXPECT_TRUE(
      dequantize(rotated(bits), shape, coded.parameters.data(), coded.symbols.data(), coded.decoded.data())
          .ok());
  return coded;
}

// SplitMix64 from its paper, apart from the one in use.
double sign_of(std::size_t i) {
  std::uint64_t z = kSignSeed + (i / 64 + 1) * 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return ((z ^ (z >> 31)) >> (i % 64) & 1) != 0 ? -1.0 : 1.0;
}

// The orthonormal transform by its matrix, in double: entry (i, j) is minus where i and j
// share an odd number of bits. Pieces are the binary digits of n, the greatest first.
std::vector<double> hadamard(const std::vector<double>& x) {
  std::vector<double> y(x.size());
  std::size_t begin = 0;
  for (std::size_t piece = std::bit_floor(x.size()); piece > 0; piece /= 2) {
    if ((x.size() & piece) == 0) continue;
    for (std::size_t i = 0; i < piece; ++i) {
      for (std::size_t j = 0; j < piece; ++j) {
        y[begin + i] += (std::popcount(i & j) % 2 == 0 ? 1.0 : -1.0) * x[begin + j] / std::sqrt(piece);
      }
    }
    begin += piece;
  }
  return y;
}

double norm_of(const std::vector<double>& x) {
  double sum = 0;
  for (const double value : x) sum += value * value;
  return std::sqrt(sum);
}

std::vector<double> vector_at(const std::vector<float>& values, std::size_t i, std::size_t dim) {
  return {values.begin() + static_cast<std::ptrdiff_t>(i * dim),
          values.begin() + static_cast<std::ptrdiff_t>((i + 1) * dim)};
}

void expect_reference(unsigned bits, std::size_t dim) {
  const BlockShape shape{8, 3, dim};
  auto values = gaussians(shape.elements(), dim);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] *= i % 7 == 0 ? 20.0F : 0.5F;
  const Coded coded = run(bits, shape, values);
  const LloydMax& table = lloyd_max(bits);
  for (std::size_t v = 0; v < shape.rows * shape.heads; ++v) {
    auto x = vector_at(values, v, dim);
    const double norm = norm_of(x);
    for (std::size_t i = 0; i < dim; ++i) x[i] *= sign_of(i);
    const auto y = hadamard(x);
    std::vector<double> levels(dim);
    for (std::size_t i = 0; i < dim; ++i) {
      const double u = y[i] * std::sqrt(dim) / norm;
      const unsigned symbol = coded.symbols[v * dim + i];
      levels[i] = table.levels[symbol];
      // In its cell, up to what FP32 may shift.
      const double low = symbol > 0 ? static_cast<double>(table.thresholds[symbol - 1]) : -INFINITY;
      const double high =
          symbol + 1 < table.size() ? static_cast<double>(table.thresholds[symbol]) : INFINITY;
      EXPECT_GE(u, low - 1e-5);
      EXPECT_LE(u, high + 1e-5);
    }
    const double gain = norm / norm_of(levels);
    ASSERT_NEAR(static_cast<double>(coded.norm(v)) / gain, 1.0, 0x1p-10);
    const auto back = hadamard(levels);
    for (std::size_t i = 0; i < dim; ++i) {
      const double expected = sign_of(i) * back[i] * static_cast<double>(coded.norm(v));
      EXPECT_NEAR(static_cast<double>(coded.decoded[v * dim + i]), expected, 1e-5 * norm);
    }
  }
}

TEST(Rotated, symbols_norms_and_numbers_are_those_of_a_double_precision_reference) {
  for (const std::size_t dim : {1, 2, 3, 8, 24, 64, 80, 96, 100, 128, 256}) {
    for (const unsigned bits : {1U, 3U, 4U, 5U, 8U}) expect_reference(bits, dim);
  }
}

TEST(Rotated, gaussian_data_errs_as_lloyd_and_max_say) {
  const double known[] = {.3634, .1175, .03455, .00950, .00251, .00064};
  const BlockShape shape{256, 8, 128};
  const auto values = gaussians(shape.elements(), 11);
  for (unsigned bits = 1; bits <= 6; ++bits) {
    const Coded coded = run(bits, shape, values);
    double sum = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      sum += std::pow(static_cast<double>(values[i]) - static_cast<double>(coded.decoded[i]), 2);
    }
    // With the norm restored, levels shrunk to length sqrt(1 - D) are stretched to 1: 2 - 2 sqrt(1 - D).
    // Numbers of a vector of known length have lighter tails than N(0, 1), so that finer
    // quantizers err a little less.
    const double theory = 2 - 2 * std::sqrt(1 - known[bits - 1]);
    const double ratio = sum / static_cast<double>(values.size()) / theory;
    EXPECT_LT(ratio, 1.01) << bits;
    EXPECT_GT(ratio, bits <= 2 ? 0.98 : 0.94) << bits;
  }
}

TEST(Rotated, a_single_large_channel_is_spread_over_all) {
  const BlockShape shape{64, 1, 128};
  auto values = gaussians(shape.elements(), 3);
  for (std::size_t row = 0; row < shape.rows; ++row) values[row * 128 + 5] = 30.0F;
  const Coded coded = run(3, shape, values);
  double error = 0;
  double energy = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    error += std::pow(static_cast<double>(values[i]) - static_cast<double>(coded.decoded[i]), 2);
    energy += std::pow(static_cast<double>(values[i]), 2);
  }
  // One magnitude in every place leaves u near +-1 and small spread: bounded by the widest cell, not by 30.
  EXPECT_LT(error / energy, 0.06);
}

TEST(Rotated, lengths_are_kept) {
  const BlockShape shape{32, 2, 96};
  const auto values = gaussians(shape.elements(), 9);
  const Coded coded = run(2, shape, values);
  for (std::size_t v = 0; v < shape.rows * shape.heads; ++v) {
    const double ratio = norm_of(vector_at(coded.decoded, v, 96)) / norm_of(vector_at(values, v, 96));
    EXPECT_NEAR(ratio, 1.0, 0x1p-10);
  }
}

TEST(Rotated, vectors_without_length_and_vectors_at_the_end_of_fp16_stay_finite) {
  const BlockShape shape{4, 1, 64};
  std::vector<float> values(shape.elements());
  std::fill(values.begin() + 64, values.begin() + 128, 65504.0F);
  std::fill(values.begin() + 128, values.begin() + 192, 1e-38F);
  values[200] = 6e-8F;
  for (const unsigned bits : {1U, 3U, 8U}) {
    const Coded coded = run(bits, shape, values);
    for (std::size_t i = 0; i < 64; ++i) EXPECT_EQ(coded.decoded[i], 0.0F);
    for (std::size_t i = 128; i < 192; ++i) EXPECT_EQ(coded.decoded[i], 0.0F);
    for (const float x : coded.decoded) EXPECT_LE(std::abs(x), 65504.0F);
    EXPECT_EQ(coded.norm(0), 0.0F);
  }
}

TEST(Rotated, the_first_signs_are_pinned) {
  const Rotation rotation(128, 3);
  std::uint64_t first = 0;
  for (std::size_t i = 0; i < 64; ++i) first |= std::uint64_t{rotation.signs[i] >> 31} << i;
  EXPECT_EQ(first, 0x0a3939e7cb594dd9U);
}

}  // namespace
}  // namespace kvferry
