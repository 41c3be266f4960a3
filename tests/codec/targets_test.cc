// SPDX-License-Identifier: MIT
//
// The kernels on every instruction set that this processor has.
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "codec/quant/block.h"
#include "hwy/targets.h"
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

// Numbers of all magnitudes: subnormal, at the ends of FP16, both zeros, ties.
std::vector<float> hard_numbers(std::size_t n) {
  Rng rng(99);
  std::vector<float> values(n);
  for (std::size_t i = 0; i < n; ++i) {
    std::uint16_t bits = static_cast<std::uint16_t>(rng.next());
    if (!half_is_finite(bits)) bits = static_cast<std::uint16_t>(bits & 0x83ff);
    if (i % 5 == 0) bits = static_cast<std::uint16_t>(bits & 0x8000);
    if (i / 64 % 3 == 1) bits = static_cast<std::uint16_t>((bits & 0x83ff) | 0x3c00);
    values[i] = half_to_float(bits);
  }
  return values;
}

class EveryTarget : public ::testing::Test {
 protected:
  // Calls visit once for each instruction set that this processor has.
  template <typename Visit>
  void for_each(const Visit& visit) {
    for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
      hwy::SetSupportedTargetsForTest(target);
      hwy::GetChosenTarget().Update(hwy::SupportedTargets());
      visit(std::string(hwy::TargetName(target)));
      hwy::SetSupportedTargetsForTest(0);
      hwy::GetChosenTarget().DeInit();
    }
  }
};

TEST_F(EveryTarget, gives_the_same_bytes_and_numbers) {
  for (const BlockShape& shape : {BlockShape{64, 2, 64}, BlockShape{9, 3, 19}, BlockShape{5, 1, 80}}) {
    const auto values = hard_numbers(shape.elements());
    for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16}) {
      auto exact = values;
      for (float& value : exact) {
        if (dtype != DType::kBF16) continue;
        value = std::clamp(bfloat16_to_float(float_to_bfloat16(value)), -65280.0F, 65280.0F);
      }
      const StoredView stored = store_view(shape, exact, dtype, 0, 0);
      for (const QuantSpec& spec : all_specs()) {
        std::vector<std::uint8_t> bytes;
        std::vector<std::uint16_t> numbers;
        std::size_t targets = 0;
        for_each([&](const std::string& name) {
          const auto these = encode(spec, stored.view);
          const auto back = decode(spec, shape, these);
          if (targets++ == 0) {
            bytes = these;
            numbers = back;
          }
          ASSERT_EQ(these, bytes) << name << " " << to_string(spec);
          ASSERT_EQ(back, numbers) << name << " " << to_string(spec);
          for (const std::uint16_t x : back) ASSERT_TRUE(half_is_finite(x)) << to_string(spec);
        });
        ASSERT_GE(targets, HWY_ARCH_X86 ? 2U : 1U);
      }
    }
  }
}

TEST_F(EveryTarget, names_the_row_that_fp16_cannot_hold) {
  const BlockShape shape{20, 2, 24};
  const auto values = gaussians(shape.elements(), 8);
  const float infinity = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  auto specs = all_specs();
  specs.push_back({});
  for (const float bad : {infinity, -infinity, nan, -nan, 65536.0F, -65536.0F}) {
    for (const DType dtype : {DType::kF32, DType::kF16, DType::kBF16}) {
      for (const std::size_t place : {0, 23, 24, 47}) {
        auto broken = values;
        broken[13 * shape.columns() + place] = bad;
        broken[17 * shape.columns()] = bad;
        const StoredView stored = store_view(shape, broken, dtype, 0, 0);
        for_each([&](const std::string& name) {
          for (const QuantSpec& spec : specs) {
            BlockScratch scratch;
            std::vector<std::uint8_t> out(block_bytes(spec, shape));
            const auto encoded = encode_block(spec, stored.view, 100, scratch, out.data());
            ASSERT_FALSE(encoded.ok()) << name << " " << to_string(spec) << " " << bad << " at " << place;
            ASSERT_EQ(encoded.error().message,
                      "row 113 holds a value that is not finite or beyond 65504, expected FP16's range");
          }
        });
      }
    }
  }
}

}  // namespace
}  // namespace kvferry
