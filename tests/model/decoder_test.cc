// SPDX-License-Identifier: MIT
#include "model/decoder.h"

#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include "model/rope.h"
#include "tests/model/small_model.h"

namespace kvferry {
namespace {

class SmallDecoder : public ::testing::Test {
 protected:
  Decoder decoder_{small_shape(), initialize_weights(small_shape(), 9)};
  at::Tensor ids_ = (at::arange(40, at::kLong) * 31).remainder(500);
  c10::NoGradGuard no_grad_;
};

TEST_F(SmallDecoder, gives_the_same_hidden_states_in_one_piece_and_in_many) {
  const auto whole = decoder_.forward_sequences(ids_.unsqueeze(0), at::kFloat).squeeze(0);
  auto state = decoder_.empty_state();
  std::vector<at::Tensor> parts;
  for (const auto& [begin, count] : {std::pair{0, 17}, {17, 1}, {18, 22}}) {
    parts.push_back(
        decoder_.forward_cached(ids_.narrow(0, begin, count), at::arange(begin, begin + count), state));
  }
  EXPECT_LT((at::cat(parts, 0) - whole).abs().max().item<float>(), 2e-5F);
}

TEST_F(SmallDecoder, shows_probabilities_that_sum_to_one_and_never_look_ahead) {
  auto state = decoder_.empty_state();
  (void)decoder_.forward_cached(ids_.narrow(0, 0, 10), at::arange(10), state);
  int layers = 0;
  (void)decoder_.forward_cached(ids_.narrow(0, 10, 5), at::arange(10, 15), state,
                                [&](int64_t layer, const at::Tensor& p) {
                                  EXPECT_EQ(layer, layers++);
                                  EXPECT_EQ(p.sizes(), (c10::IntArrayRef{4, 5, 15}));
                                  EXPECT_LT((p.sum(-1) - 1).abs().max().item<float>(), 1e-5F);
                                  EXPECT_EQ(p.narrow(2, 10, 5).triu(1).abs().max().item<float>(), 0.0F);
                                });
  EXPECT_EQ(layers, 2);
}

TEST_F(SmallDecoder, reads_layers_whose_rows_differ_in_number) {
  auto state = decoder_.empty_state();
  (void)decoder_.forward_cached(ids_.narrow(0, 0, 12), at::arange(12), state);
  state[1].k = state[1].k.narrow(1, 4, 3);
  state[1].v = state[1].v.narrow(1, 4, 3);
  const auto hidden = decoder_.forward_cached(ids_.narrow(0, 12, 2), at::arange(12, 14), state);
  EXPECT_EQ(hidden.size(0), 2);
  EXPECT_EQ(state[0].k.size(1), 14);
  EXPECT_EQ(state[1].k.size(1), 5);
}

TEST_F(SmallDecoder, lets_new_tokens_attend_to_themselves_in_a_layer_without_rows) {
  auto state = decoder_.empty_state();
  (void)decoder_.forward_cached(ids_.narrow(0, 0, 12), at::arange(12), state);
  state[1].k = state[1].k.narrow(1, 0, 0);
  state[1].v = state[1].v.narrow(1, 0, 0);
  const auto hidden = decoder_.forward_cached(
      ids_.narrow(0, 12, 3), at::arange(12, 15), state, [&](int64_t layer, const at::Tensor& p) {
        EXPECT_EQ(p.size(2), layer == 0 ? 15 : 3);
        if (layer == 0) return;
        EXPECT_EQ(p.select(1, 0).select(1, 0).min().item<float>(), 1.0F);
      });
  EXPECT_TRUE(hidden.isfinite().all().item<bool>());
}

TEST_F(SmallDecoder, pays_no_attention_to_hidden_rows_and_answers_as_if_they_were_gone) {
  auto state = decoder_.empty_state();
  (void)decoder_.forward_cached(ids_.narrow(0, 0, 12), at::arange(12), state);
  auto without = state;
  const auto kept = at::tensor({0, 1, 2, 6, 7, 8, 9, 10, 11}, at::kLong);
  for (size_t layer = 0; layer < state.size(); ++layer) {
    without[layer].k = state[layer].k.index_select(1, kept);
    without[layer].v = state[layer].v.index_select(1, kept);
    state[layer].hidden = at::zeros({12}, at::kBool);
    state[layer].hidden.narrow(0, 3, 3).fill_(true);
  }
  const auto step = [&](DecoderState& s) {
    return decoder_.forward_cached(ids_.narrow(0, 12, 4), at::arange(12, 16), s,
                                   [&](int64_t, const at::Tensor& p) {
                                     if (p.size(2) < 16) return;
                                     EXPECT_EQ(p.narrow(2, 3, 3).max().item<float>(), 0.0F);
                                   });
  };
  EXPECT_LT((step(state) - step(without)).abs().max().item<float>(), 1e-5F);
}

TEST(Rope, depends_on_the_distance_of_positions_only) {
  const auto q = at::randn({1, 32}), k = at::randn({1, 32});
  const auto product = [&](int64_t m, int64_t n) {
    const auto turned_q = apply_rope(q, rope_table(at::tensor({m}, at::kLong), 32, 1e4));
    const auto turned_k = apply_rope(k, rope_table(at::tensor({n}, at::kLong), 32, 1e4));
    return (turned_q * turned_k).sum().item<float>();
  };
  EXPECT_NEAR(product(7, 3), product(107, 103), 1e-4);
  EXPECT_NEAR(product(5, 5), (q * k).sum().item<float>(), 1e-4);
}

}  // namespace
}  // namespace kvferry
