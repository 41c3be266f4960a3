// SPDX-License-Identifier: MIT
#include "model/metric.h"

#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include "codec/transform/rope.h"
#include "model/injection.h"
#include "tests/model/random_reader.h"

namespace kvferry {
namespace {

class Metric : public RandomReader {
 protected:
  // Log odds of the likeliest token against all others, at each token of the answer.
  std::vector<double> log_odds(const DecoderState& given) {
    const c10::NoGradGuard no_grad;
    auto state = given;
    auto ids = reader_.question_tokens(question_);
    const auto answer = reader_.answer_tokens(answer_);
    ids.insert(ids.end(), answer.begin(), answer.end() - 1);
    const auto hidden = reader_.decoder().forward_cached(
        tensor_of(ids), positions_from(full_.next_position(), ids.size()), state);
    const auto count = static_cast<int64_t>(answer.size());
    const auto p =
        reader_.decoder().logits(hidden.narrow(0, hidden.size(0) - count, count)).to(at::kDouble).softmax(-1);
    if (likeliest_.empty()) {
      for (int64_t i = 0; i < count; ++i) likeliest_.push_back(p[i].argmax().item<int64_t>());
    }
    std::vector<double> odds;
    for (int64_t i = 0; i < count; ++i) {
      const auto of_it = p[i][likeliest_[static_cast<size_t>(i)]].item<double>();
      odds.push_back(std::log(of_it / (1 - of_it)));
    }
    return odds;
  }

  // The state with one row of a layer's K or V moved by `step` along `direction` (of K before RoPE).
  DecoderState moved(size_t layer, KvTensor tensor, int64_t row, const std::vector<float>& direction,
                     float step) {
    auto state = state_of(full_);
    auto move = direction;
    if (tensor == KvTensor::kKey) {
      const auto position = static_cast<int32_t>(row);
      redo_rope(move.data(), std::span(&position, 1), full_.geometry().kv_heads, full_.geometry().head_dim,
                reader_.config().rope_theta);
    }
    auto& target = tensor == KvTensor::kKey ? state[layer].k : state[layer].v;
    const auto shape = target.sizes();
    const auto difference = at::from_blob(move.data(), {shape[0], shape[2]}, at::kFloat) * step;
    target.select(1, row) += difference;
    return state;
  }

  const KvCache full_ = read();
  const std::string answer_ = "north deru";
  std::vector<int64_t> likeliest_;
};

TEST_F(Metric, is_how_much_the_log_odds_move) {
  const Document document{text_, {{question_, answer_}}};
  const auto metric = measure_metric(reader_, std::span(&document, 1), 4);
  ASSERT_TRUE(metric) << metric.error().message;
  const auto geometry = full_.geometry();
  const auto channels = geometry.channels();
  ASSERT_EQ(metric->matrices.size(), 2 * size_t{geometry.layers});
  (void)log_odds(state_of(full_));
  Rng rng(5);
  for (size_t layer = 0; layer < geometry.layers; ++layer) {
    for (const auto tensor : {KvTensor::kKey, KvTensor::kValue}) {
      std::vector<float> direction(channels);
      for (auto& each : direction) each = static_cast<float>(rng.uniform() - 0.5);
      double moved_by = 0;
      const float step = 0.02F;
      size_t tokens = 0;
      for (int64_t row = 0; row < full_.token_count(); ++row) {
        const auto after = log_odds(moved(layer, tensor, row, direction, step));
        const auto before = log_odds(moved(layer, tensor, row, direction, -step));
        tokens = after.size();
        for (size_t i = 0; i < tokens; ++i) {
          moved_by += std::pow((after[i] - before[i]) / (2 * static_cast<double>(step)), 2) /
                      static_cast<double>(tokens);
        }
      }
      double form = 0;
      const auto& matrix = metric->matrices[layer * 2 + static_cast<size_t>(tensor)];
      for (size_t r = 0; r < channels; ++r) {
        for (size_t c = 0; c < channels; ++c) {
          form += static_cast<double>(direction[r] * direction[c]) * matrix[r * channels + c];
        }
      }
      EXPECT_GT(form, 0);
      EXPECT_NEAR(moved_by / form, 1, 0.02) << "layer " << layer << ' ' << to_string(tensor);
    }
  }
}

TEST_F(Metric, asks_as_many_questions_as_it_is_told) {
  Document one{text_, {{question_, answer_}}};
  Document two = one;
  two.questions.push_back({"what does demu work as ?", "pilot"});
  const auto from_one = measure_metric(reader_, std::span(&one, 1), 9);
  const auto first_of_two = measure_metric(reader_, std::span(&two, 1), 1);
  const auto both = measure_metric(reader_, std::span(&two, 1), 2);
  ASSERT_TRUE(from_one && first_of_two && both);
  EXPECT_EQ(from_one->matrices, first_of_two->matrices);
  EXPECT_NE(from_one->matrices, both->matrices);
}

}  // namespace
}  // namespace kvferry
