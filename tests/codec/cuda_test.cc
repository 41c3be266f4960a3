// SPDX-License-Identifier: MIT
//
// The GPU's blocks against the CPU's, byte for byte. Skipped, with the reason, where the
// build has no CUDA or no GPU answers.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "codec/cuda/block_cuda.h"
#include "codec/cuda/device_buffer.h"
#include "codec/quant/block.h"
#include "codec/quant/quantizer.h"
#include "tests/codec/numbers.h"
#include "tests/codec/specs.h"
#include "tests/codec/stored_view.h"

namespace kvferry {
namespace {

using testing::gaussians;
using testing::store_view;
using testing::StoredView;
using testing::to_string;

class Cuda : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto there = cuda::available(); !there) GTEST_SKIP() << there.error().message;
  }
};

std::vector<QuantSpec> specs() {
  auto specs = testing::all_specs();
  specs.push_back({});
  return specs;
}

cuda::DeviceBuffer on_device(const void* data, std::size_t size_bytes) {
  auto buffer = cuda::DeviceBuffer::create(size_bytes);
  EXPECT_TRUE(buffer.ok());
  EXPECT_TRUE(buffer->upload(data, size_bytes).ok());
  return std::move(*buffer);
}

struct Outcome {
  std::string error;
  std::vector<std::uint8_t> bytes;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome encode_here(const QuantSpec& spec, const BlockShape& shape, const KvView& view) {
  BlockScratch scratch;
  Outcome outcome{"", std::vector<std::uint8_t>(block_bytes(spec, shape))};
  const auto encoded = encode_block(spec, view, 7, scratch, outcome.bytes.data());
  if (!encoded) return {encoded.error().message, {}};
  return outcome;
}

Outcome encode_there(const QuantSpec& spec, const BlockShape& shape, const StoredView& stored) {
  const cuda::DeviceBuffer data = on_device(stored.view.data, stored.size_bytes());
  KvView view = stored.view;
  view.data = data.data();
  view.device = Device::kCuda;
  BlockScratch scratch;
  Outcome outcome{"", std::vector<std::uint8_t>(block_bytes(spec, shape))};
  cuda::DeviceBuffer out = on_device(outcome.bytes.data(), outcome.bytes.size());
  const auto encoded = encode_block(spec, view, 7, scratch, out.data());
  if (!encoded) return {encoded.error().message, {}};
  EXPECT_TRUE(out.download(outcome.bytes.data(), outcome.bytes.size()).ok());
  return outcome;
}

struct Read {
  std::string error;
  std::vector<std::uint16_t> numbers;
  friend bool operator==(const Read&, const Read&) = default;
};

Read decode_here(const QuantSpec& spec, const BlockShape& shape, const std::vector<std::uint8_t>& bytes) {
  BlockScratch scratch;
  Read read{"", std::vector<std::uint16_t>(shape.elements())};
  const auto decoded = decode_block(spec, shape, bytes.data(), scratch, read.numbers.data());
  if (!decoded) return {decoded.error().message, {}};
  return read;
}

Read decode_there(const QuantSpec& spec, const BlockShape& shape, const std::vector<std::uint8_t>& bytes) {
  const cuda::DeviceBuffer in = on_device(bytes.data(), bytes.size());
  Read read{"", std::vector<std::uint16_t>(shape.elements())};
  cuda::DeviceBuffer out = on_device(read.numbers.data(), 2 * read.numbers.size());
  BlockScratch scratch;
  const auto decoded = decode_block(spec, shape, in.data(), scratch,
                                    reinterpret_cast<std::uint16_t*>(out.data()), Device::kCuda);
  if (!decoded) return {decoded.error().message, {}};
  EXPECT_TRUE(out.download(read.numbers.data(), 2 * read.numbers.size()).ok());
  return read;
}

TEST_F(Cuda, blocks_are_the_cpus_byte_for_byte) {
  for (const BlockShape& shape : {BlockShape{64, 2, 64}, BlockShape{21, 3, 19}, BlockShape{3, 1, 80}}) {
    auto values = gaussians(shape.elements(), 6);
    values[5] = -0.0F;
    values[7] = 65504.0F;
    values[8] = 6e-8F;
    for (float& value : values) value = bfloat16_to_float(float_to_bfloat16(value) & 0xff7f);
    for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16}) {
      for (const std::size_t gap : {0, 3}) {
        const StoredView stored = store_view(shape, values, dtype, gap, gap);
        for (const QuantSpec& spec : specs()) {
          const Outcome here = encode_here(spec, shape, stored.view);
          ASSERT_EQ(here.error, "");
          ASSERT_EQ(encode_there(spec, shape, stored), here) << to_string(spec);
          ASSERT_EQ(decode_there(spec, shape, here.bytes), decode_here(spec, shape, here.bytes))
              << to_string(spec);
        }
      }
    }
  }
}

TEST_F(Cuda, errors_are_the_cpus_word_for_word) {
  const BlockShape shape{5, 3, 19};
  auto values = gaussians(shape.elements(), 6);
  values[3 * shape.columns() + 40] = std::numeric_limits<float>::infinity();
  values[4 * shape.columns() + 2] = std::numeric_limits<float>::quiet_NaN();
  const StoredView stored = store_view(shape, values, DType::kF16, 0, 0);
  Rng rng(4);
  for (const QuantSpec& spec : specs()) {
    const Outcome here = encode_here(spec, shape, stored.view);
    EXPECT_NE(here.error, "");
    EXPECT_EQ(encode_there(spec, shape, stored), here) << to_string(spec);
    for (int round = 0; round < 3; ++round) {
      std::vector<std::uint8_t> bytes(block_bytes(spec, shape));
      for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(rng.next());
      const std::size_t parameters = parameter_bytes(spec, shape);
      for (std::size_t i = parameters / 2; round > 0 && i < parameters; ++i) bytes[i] %= 0x7c;
      if (round > 1) bytes.back() = 0;
      EXPECT_EQ(decode_there(spec, shape, bytes), decode_here(spec, shape, bytes)) << to_string(spec);
    }
  }
}

TEST(WithoutCuda, a_view_on_a_gpu_is_refused) {
  if (cuda::available()) GTEST_SKIP() << "a GPU answers";
  const BlockShape shape{1, 1, 8};
  const KvView view{nullptr, DType::kF16, Device::kCuda, 1, 1, 8, 8, 8};
  BlockScratch scratch;
  std::vector<std::uint8_t> out(block_bytes({}, shape));
  const auto encoded = encode_block({}, view, 0, scratch, out.data());
  ASSERT_FALSE(encoded.ok());
  EXPECT_NE(encoded.error().message.find("CUDA"), std::string::npos);
}

}  // namespace
}  // namespace kvferry
