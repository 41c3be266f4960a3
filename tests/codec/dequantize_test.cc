// SPDX-License-Identifier: MIT
//
// What dequantize() says of parameters and symbols that no writer makes.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "codec/quant/quantizer.h"

namespace kvferry {
namespace {

std::string error_of(const QuantSpec& spec, const BlockShape& shape, std::vector<std::uint16_t> parameters,
                     std::vector<std::uint8_t> symbols) {
  std::vector<std::uint8_t> planes;
  for (const std::uint16_t value : parameters) planes.push_back(static_cast<std::uint8_t>(value));
  for (const std::uint16_t value : parameters) planes.push_back(static_cast<std::uint8_t>(value >> 8));
  std::vector<float> out(shape.elements());
  const auto decoded = dequantize(spec, shape, planes.data(), symbols.data(), out.data());
  return decoded.ok() ? "" : decoded.error().message;
}

TEST(Dequantize, a_lying_parameter_or_symbol_is_named) {
  const BlockShape shape{2, 1, 8};
  const std::vector<std::uint8_t> symbols(16);
  const QuantSpec affine{QuantKind::kAffine, Along::kToken, 16, 0};
  const char* scale = "scale 1 is negative or not finite, expected a number from 0";
  for (const int bad : {0x8000, 0x8001, 0x7c00, 0x7e00, 0xfc00}) {
    EXPECT_EQ(error_of(affine, shape, {0x3c00, static_cast<std::uint16_t>(bad), 0, 0}, symbols), scale);
  }
  EXPECT_EQ(error_of(affine, shape, {0x3c00, 0, 0, 0xfc00}, symbols),
            "zero 1 is not finite, expected a number");
  EXPECT_EQ(error_of(affine, shape, {0x3c00, 0, 0, 0x8000}, symbols), "");
  auto outside = symbols;
  outside[11] = 15;
  const QuantSpec symmetric{QuantKind::kSymmetric, Along::kTensor, 15, 0};
  EXPECT_EQ(error_of(symmetric, shape, {0x3c00}, symbols), "");
  EXPECT_EQ(error_of(symmetric, shape, {0x3c00}, outside), "symbol 11 is 15, expected below 15");
  const QuantSpec rotated{QuantKind::kRotated, Along::kTensor, 8, 0};
  EXPECT_EQ(error_of(rotated, shape, {0x3c00, 0xbc00}, symbols),
            "norm 1 is negative or not finite, expected a number from 0");
  EXPECT_EQ(error_of(rotated, shape, {0x3c00, 0}, outside), "symbol 11 is 15, expected below 8");
}

TEST(Dequantize, what_overflows_fp16_is_clamped_when_read) {
  const BlockShape shape{1, 1, 8};
  std::vector<float> out(8);
  const std::vector<std::uint8_t> symbols = {0, 0, 0, 0, 15, 15, 15, 15};
  const std::vector<std::uint8_t> planes = {0xff, 0xff, 0x7b, 0x7b};  // scale and zero 65504
  ASSERT_TRUE(
      dequantize({QuantKind::kAffine, Along::kToken, 16, 0}, shape, planes.data(), symbols.data(), out.data())
          .ok());
  EXPECT_EQ(out[0], 65504.0F);
  EXPECT_EQ(out[7], 65504.0F);
}

}  // namespace
}  // namespace kvferry
