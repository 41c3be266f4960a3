// SPDX-License-Identifier: MIT
#include "codec/quant/components.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/codec/caches.h"

namespace kvferry {
namespace {

// Lloyd-Max for N(0, 1), 1 to 6 bits (Max 1960).
constexpr double kSquaredError[] = {1, .3634, .1175, .03455, .00950, .00251, .00064};

TEST(Components, each_errs_by_its_variance_times_the_known_error_of_its_bits) {
  const std::vector<std::uint8_t> bits = {6, 4, 3, 1, 0};
  const std::vector<float> variance = {100.0F, 9.0F, 1.0F, 0.25F, 0.01F};
  constexpr std::size_t kRows = 20000;
  Rng rng(3);
  std::vector<float> values(kRows * bits.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = std::sqrt(variance[i % bits.size()]) * testing::gaussian(rng);
  }
  std::vector<std::uint8_t> symbols(values.size());
  quantize_components(bits, variance, values.data(), kRows, symbols.data());
  std::vector<std::uint8_t> packed(packed_components_bytes(bits, kRows));
  EXPECT_EQ(packed.size(), kRows * (6 + 4 + 3 + 1) / 8);
  pack_components(bits, symbols.data(), kRows, packed.data());
  std::vector<std::uint8_t> unpacked(symbols.size());
  ASSERT_TRUE(unpack_components(bits, packed.data(), kRows, unpacked.data()));
  EXPECT_EQ(unpacked, symbols);
  std::vector<float> again(values.size());
  dequantize_components(bits, variance, unpacked.data(), kRows, again.data());
  for (std::size_t c = 0; c < bits.size(); ++c) {
    double sum = 0;
    for (std::size_t i = c; i < values.size(); i += bits.size()) {
      sum += std::pow(static_cast<double>(values[i]) - static_cast<double>(again[i]), 2);
    }
    const double expected = kSquaredError[bits[c]] * static_cast<double>(variance[c]);
    EXPECT_NEAR(sum / kRows, expected, 0.04 * expected) << "component " << c;
  }
}

TEST(Components, unused_bits_must_be_zero) {
  const std::vector<std::uint8_t> bits = {3};
  std::uint8_t symbols[1] = {};
  const std::uint8_t packed[1] = {0x08};
  EXPECT_FALSE(unpack_components(bits, packed, 1, symbols));
}

}  // namespace
}  // namespace kvferry
