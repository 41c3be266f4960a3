// SPDX-License-Identifier: MIT
#include "codec/torch/tensors.h"

#include <gtest/gtest.h>

namespace kvferry {
namespace {

TEST(TorchTensors, are_seen_through_their_strides) {
  const auto rows_first = at::randn({5, 3, 8});
  const auto heads_first = rows_first.transpose(0, 1);
  const auto view = view_of(heads_first);
  ASSERT_TRUE(view) << view.error().message;
  EXPECT_EQ(view->rows, 5U);
  EXPECT_EQ(view->heads, 3U);
  EXPECT_TRUE(view->is_contiguous());  // [row][head][dim] is the codec's own order
  EXPECT_TRUE(at::equal(to_tensor(*view), heads_first));
}

TEST(TorchTensors, may_have_no_rows) {
  const KvView view{nullptr, DType::kF16, Device::kCpu, 0, 2, 8, 16, 8};
  EXPECT_EQ(to_tensor(view).sizes(), (c10::IntArrayRef{2, 0, 8}));
  copy_to_half(at::empty({2, 0, 8}), {});
}

TEST(TorchTensors, refuse_what_the_codec_cannot_read) {
  EXPECT_EQ(view_of(at::zeros({2, 3})).error().message, "KV tensor: expected [heads, rows, head_dim]");
  EXPECT_EQ(view_of(at::zeros({2, 3, 4}, at::kInt)).error().message,
            "KV tensor: expected FP32, FP16 or BF16");
  EXPECT_EQ(view_of(at::zeros({2, 4, 3}).transpose(1, 2)).error().message,
            "KV tensor: expected a contiguous last dimension");
}

TEST(TorchTensors, round_to_half_in_row_order) {
  const auto tensor = at::randn({2, 4, 8});
  std::vector<uint16_t> half(64);
  copy_to_half(tensor, half);
  const KvView view{half.data(), DType::kF16, Device::kCpu, 4, 2, 8, 16, 8};
  EXPECT_TRUE(at::equal(to_tensor(view), tensor.to(at::kHalf).to(at::kFloat)));
}

}  // namespace
}  // namespace kvferry
