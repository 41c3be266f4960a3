// SPDX-License-Identifier: MIT
#include "codec/quant/block.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "codec/quant/bitpack.h"
#include "codec/quant/quantizer.h"
#include "tests/codec/block_coding.h"
#include "tests/codec/numbers.h"
#include "tests/codec/specs.h"
#include "tests/codec/stored_view.h"

namespace kvferry {
namespace {

using testing::all_specs;
using testing::decode;
using testing::encode;
using testing::gaussians;
using testing::store_view;
using testing::StoredView;
using testing::to_string;

// The slow way: quantize(), then the symbols bit by bit.
std::vector<std::uint8_t> encode_plainly(const QuantSpec& spec, const BlockShape& shape,
                                         const std::vector<float>& values) {
  const std::size_t parameters = parameter_bytes(spec, shape);
  std::vector<std::uint8_t> out(parameters + packed_size_bytes(shape.elements(), spec.bits()));
  std::vector<std::uint8_t> symbols(shape.elements());
  quantize(spec, shape, values.data(), out.data(), symbols.data());
  for (std::size_t i = 0; i < symbols.size() * spec.bits(); ++i) {
    const unsigned bit = symbols[i / spec.bits()] >> (i % spec.bits()) & 1U;
    out[parameters + i / 8] = static_cast<std::uint8_t>(out[parameters + i / 8] | bit << (i % 8));
  }
  return out;
}

const BlockShape kShapes[] = {{64, 2, 64}, {21, 3, 19}, {70, 1, 96}, {1, 4, 80}, {33, 2, 7}, {3, 1, 1}};

TEST(Block, the_bytes_are_those_of_quantize_and_packing_for_every_type_and_stride) {
  for (const BlockShape& shape : kShapes) {
    auto values = gaussians(shape.elements(), shape.head_dim);
    for (float& value : values) value = bfloat16_to_float(float_to_bfloat16(value));  // exact in every type
    for (const QuantSpec& spec : all_specs()) {
      const auto expected = encode_plainly(spec, shape, values);
      for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16}) {
        for (const std::size_t head_gap : {0, 3}) {
          for (const std::size_t row_gap : {0, 5}) {
            const StoredView stored = store_view(shape, values, dtype, head_gap, row_gap);
            ASSERT_EQ(encode(spec, stored.view), expected)
                << to_string(spec) << " type " << static_cast<int>(dtype) << " gaps " << head_gap << ", "
                << row_gap;
          }
        }
      }
    }
  }
}

TEST(Block, numbers_come_back_as_those_of_dequantize_rounded_to_fp16) {
  for (const BlockShape& shape : kShapes) {
    const auto values = gaussians(shape.elements(), 2);
    for (const QuantSpec& spec : all_specs()) {
      std::vector<std::uint8_t> parameters(parameter_bytes(spec, shape));
      std::vector<std::uint8_t> symbols(shape.elements());
      std::vector<float> floats(shape.elements());
      quantize(spec, shape, values.data(), parameters.data(), symbols.data());
      ASSERT_TRUE(dequantize(spec, shape, parameters.data(), symbols.data(), floats.data()).ok());
      const auto halves = decode(spec, shape, encode_plainly(spec, shape, values));
      for (std::size_t i = 0; i < floats.size(); ++i) {
        ASSERT_EQ(halves[i], float_to_half(floats[i])) << to_string(spec) << " " << i;
      }
    }
  }
}

TEST(Block, fp16_is_two_planes_and_comes_back_bit_for_bit) {
  const BlockShape shape{5, 2, 9};
  const auto values = gaussians(shape.elements(), 4);
  const StoredView stored = store_view(shape, values, DType::kF16, 1, 0);
  const auto bytes = encode({}, stored.view);
  ASSERT_EQ(bytes.size(), 2 * shape.elements());
  const auto back = decode({}, shape, bytes);
  for (std::size_t i = 0; i < values.size(); ++i) {
    ASSERT_EQ(back[i], float_to_half(values[i]));
    ASSERT_EQ(bytes[i], back[i] & 0xff);
    ASSERT_EQ(bytes[shape.elements() + i], back[i] >> 8);
  }
}

TEST(Block, sizes_are_the_papers_arithmetic) {
  const BlockShape shape{64, 8, 128};
  const double fp16 = static_cast<double>(block_bytes({}, shape));
  const auto bits = [&](const QuantSpec& spec) {
    return 16.0 * static_cast<double>(block_bytes(spec, shape)) / fp16;
  };
  EXPECT_EQ(bits({QuantKind::kSymmetric, Along::kGroup, 255, 32}), 8.5);         // q8_0 of ggml
  EXPECT_EQ(bits({QuantKind::kRotated, Along::kTensor, 8, 0}), 3 + 16.0 / 128);  // PolyKV's values
  EXPECT_EQ(bits({QuantKind::kAffine, Along::kGroup, 16, 64}), 4.5);             // KIVI's
  EXPECT_EQ(bits({QuantKind::kAffine, Along::kChannel, 16, 64}), 4.5);
  EXPECT_EQ(bits({QuantKind::kSymmetric, Along::kGroup, 2, 64}), 1.25);
  // PolyKV's 2.91: 16-bit K and V against 8 and 3 bits, scales not counted.
  EXPECT_NEAR(2 * 16.0 / (8 + 3), 2.91, 0.005);
}

TEST(Block, empty_blocks_have_no_bytes) {
  for (const BlockShape& shape : {BlockShape{0, 2, 64}, BlockShape{3, 0, 64}}) {
    for (const QuantSpec& spec : all_specs()) {
      const KvView view{nullptr, DType::kF16, Device::kCpu, shape.rows, shape.heads, 64, shape.columns(), 64};
      EXPECT_EQ(block_bytes(spec, shape), 0U) << to_string(spec);
      EXPECT_TRUE(encode(spec, view).empty());
      EXPECT_TRUE(decode(spec, shape, {}).empty());
    }
  }
}

std::string error_of(const QuantSpec& spec, const BlockShape& shape, const std::vector<std::uint8_t>& bytes) {
  BlockScratch scratch;
  std::vector<std::uint16_t> out(shape.elements());
  const auto decoded = decode_block(spec, shape, bytes.data(), scratch, out.data());
  return decoded.ok() ? "" : decoded.error().message;
}

TEST(Block, hostile_bytes_are_named) {
  const BlockShape shape{1, 1, 3};
  const QuantSpec int4{QuantKind::kAffine, Along::kTensor, 16, 0};
  EXPECT_EQ(error_of(int4, shape, {0, 0, 0x3c, 0, 0x21, 0x03}), "");
  EXPECT_EQ(error_of(int4, shape, {0, 0, 0x3c, 0, 0x21, 0x13}),
            "unused bits after the codes are set, expected zero");
  EXPECT_EQ(error_of(int4, shape, {0, 0, 0xbc, 0, 0x21, 0x03}),
            "scale 0 is negative or not finite, expected a number from 0");
  const QuantSpec bins{QuantKind::kSymmetric, Along::kTensor, 15, 0};
  EXPECT_EQ(error_of(bins, shape, {0, 0x3c, 0x2f, 0x03}), "symbol 0 is 15, expected below 15");
  EXPECT_EQ(error_of({}, shape, {0, 0, 0, 0x3c, 0x7c, 0}), "value 1 is not finite, expected a number");
}

// Whatever the bytes are, decoding ends with finite numbers or an error.
TEST(Block, random_bytes_decode_to_finite_numbers_or_an_error) {
  Rng rng(12);
  const BlockShape shape{9, 2, 20};
  for (const QuantSpec& spec : all_specs()) {
    for (int round = 0; round < 20; ++round) {
      std::vector<std::uint8_t> bytes(block_bytes(spec, shape));
      for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(rng.next());
      // High bytes of parameters that pass their checks most of the time.
      for (std::size_t i = parameter_bytes(spec, shape) / 2; i < parameter_bytes(spec, shape); ++i) {
        bytes[i] = static_cast<std::uint8_t>(bytes[i] % 0x7c);
      }
      BlockScratch scratch;
      std::vector<std::uint16_t> out(shape.elements());
      if (!decode_block(spec, shape, bytes.data(), scratch, out.data()).ok()) continue;
      for (const std::uint16_t x : out) ASSERT_TRUE(half_is_finite(x)) << to_string(spec);
    }
  }
}

// Bytes of every kind for K[row][column] = row + column / 4 in one head of 4.
TEST(Block, golden_bytes_of_each_kind) {
  const BlockShape shape{2, 1, 4};
  const StoredView stored = store_view(shape, {0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75}, DType::kF16, 0, 0);
  const auto bytes = [&](const QuantSpec& spec) { return encode(spec, stored.view); };
  using Bytes = std::vector<std::uint8_t>;
  EXPECT_EQ(bytes({QuantKind::kAffine, Along::kTensor, 8, 0}),
            (Bytes{0x00, 0x00, 0x34, 0x00, 0x88, 0xc6, 0xfa}));  // scale 1/4, zero 0; 0 1 2 3 4 5 6 7
  EXPECT_EQ(bytes({QuantKind::kSymmetric, Along::kToken, 15, 0}),
            (Bytes{0xdb, 0x00, 0x2e, 0x34, 0x97, 0xec, 0xcb, 0xed}));
  EXPECT_EQ(bytes({QuantKind::kSymmetric, Along::kTensor, 2, 0}), (Bytes{0x00, 0x3b, 0xff}));  // 7/8
}

}  // namespace
}  // namespace kvferry
