// SPDX-License-Identifier: MIT
#include "model/initialize.h"

#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include "tests/model/small_model.h"

namespace kvferry {
namespace {

TEST(Initialize, lets_head_h_of_the_first_layer_look_h_plus_one_tokens_back) {
  const c10::NoGradGuard no_grad;
  auto shape = small_shape();
  shape.head_dim = 128;
  shape.hidden_size = 128;
  const Decoder decoder(shape, initialize_weights(shape, 4));
  auto state = decoder.empty_state();
  const auto ids = (at::arange(24, at::kLong) * 37).remainder(500);
  (void)decoder.forward_cached(ids, at::arange(24), state, [&](int64_t layer, const at::Tensor& p) {
    if (layer != 0) return;
    for (int64_t head = 0; head < 4; ++head)
      EXPECT_GT(p[head][20][20 - (head + 1)].item<float>(), 0.5F) << head;
  });
}

TEST(Initialize, gives_the_same_weights_for_the_same_seed) {
  const auto a = initialize_weights(small_shape(), 11), b = initialize_weights(small_shape(), 11);
  const auto c = initialize_weights(small_shape(), 12);
  EXPECT_TRUE(at::equal(a.layers[1].down, b.layers[1].down));
  EXPECT_FALSE(at::equal(a.layers[1].down, c.layers[1].down));
}

}  // namespace
}  // namespace kvferry
