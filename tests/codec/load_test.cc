// SPDX-License-Identifier: MIT
#include "codec/quant/load.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "codec/half.h"

namespace kvferry {
namespace {

KvView strided(const void* data, DType dtype) {
  return {data, dtype, Device::kCpu, 2, 2, 3, 20, 5};  // gaps between heads and between rows
}

// Element (row, head, dim) of the views below.
float number(std::size_t row, std::size_t head, std::size_t dim) {
  return static_cast<float>(row * 100 + head * 10 + dim) / 8.0F;
}

template <typename T, typename Convert>
std::vector<T> storage(Convert convert) {
  std::vector<T> data(40, convert(-1.0F));
  for (std::size_t row = 0; row < 2; ++row) {
    for (std::size_t head = 0; head < 2; ++head) {
      for (std::size_t dim = 0; dim < 3; ++dim)
        data[row * 20 + head * 5 + dim] = convert(number(row, head, dim));
    }
  }
  return data;
}

void expect_loaded(const KvView& view) {
  std::vector<float> out(view.elements());
  ASSERT_EQ(load_rows(view, out.data()), view.rows);
  std::size_t i = 0;
  for (std::size_t row = 0; row < 2; ++row) {
    for (std::size_t head = 0; head < 2; ++head) {
      for (std::size_t dim = 0; dim < 3; ++dim) EXPECT_EQ(out[i++], number(row, head, dim));
    }
  }
}

TEST(Load, strided_views_of_every_type_come_out_dense) {
  expect_loaded(strided(storage<float>([](float x) { return x; }).data(), DType::kF32));
  expect_loaded(strided(storage<std::uint16_t>(float_to_half).data(), DType::kF16));
  expect_loaded(strided(storage<std::uint16_t>(float_to_bfloat16).data(), DType::kBF16));
}

TEST(Load, the_first_row_beyond_fp16_is_reported) {
  std::vector<float> data(12, 65504.0F);
  const KvView view{data.data(), DType::kF32, Device::kCpu, 3, 2, 2, 4, 2};
  std::vector<float> out(12);
  EXPECT_EQ(load_rows(view, out.data()), 3U);
  for (const float bad :
       {65505.0F, -1e30F, std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    data[6] = bad;
    data[9] = bad;
    EXPECT_EQ(load_rows(view, out.data()), 1U) << bad;
  }
}

}  // namespace
}  // namespace kvferry
