// SPDX-License-Identifier: MIT
#include "model/attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "model/injection.h"
#include "tests/model/random_reader.h"

namespace kvferry {
namespace {

// Attention probabilities of a whole document, read at once: [layer] of [H, T, T], in double.
std::vector<at::Tensor> whole_attention(const Decoder& decoder, const std::vector<int64_t>& ids) {
  std::vector<at::Tensor> layers;
  auto state = decoder.empty_state();
  (void)decoder.forward_cached(tensor_of(ids), positions_from(0, ids.size()), state,
                               [&](int64_t, const at::Tensor& p) { layers.push_back(p.to(at::kDouble)); });
  return layers;
}

class Attention : public RandomReader {
 protected:
  std::vector<int64_t> long_document() const {
    std::vector<int64_t> ids(300);  // more than is read in one piece
    for (size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<int64_t>(i * 31 % 500);
    return ids;
  }
  std::vector<float> scores(AttentionScore score, AttentionContext context) {
    context.document = text_;
    const auto cache = read();
    const auto found = make_attention_source(reader_, cache, std::move(context))(score);
    EXPECT_TRUE(found) << found.error().message;
    return *found;
  }
  std::string error(AttentionScore score, AttentionContext context) {
    const auto cache = read();
    const auto found = make_attention_source(reader_, cache, std::move(context))(score);
    return found ? "none" : found.error().message;
  }
};

TEST_F(Attention, of_all_later_tokens_is_their_mean_over_the_query_group) {
  const auto ids = long_document();
  const auto scores = observed_attention(reader_.decoder(), ids);
  ASSERT_EQ(scores.sizes(), (c10::IntArrayRef{2, 2, 300}));
  const auto layers = whole_attention(reader_.decoder(), ids);
  for (const auto& [layer, group, row] :
       {std::tuple{0, 0, 0}, {0, 1, 17}, {1, 0, 255}, {1, 1, 256}, {1, 1, 299}}) {
    double sum = 0;
    for (const auto head : {2 * group, 2 * group + 1}) {
      for (int64_t query = row; query < 300; ++query) {
        sum += layers[static_cast<size_t>(layer)][head][query][row].item<double>();
      }
    }
    EXPECT_NEAR(scores[layer][group][row].item<double>(), sum / 2 / (300 - row), 1e-6);
  }
}

TEST_F(Attention, of_the_window_is_averaged_over_five_rows_and_the_window_itself_comes_first) {
  const auto ids = long_document();
  const auto layers = whole_attention(reader_.decoder(), ids);
  auto state = reader_.decoder().empty_state();
  (void)reader_.decoder().forward_cached(tensor_of(ids), positions_from(0, ids.size()), state);
  const auto scores = window_attention(reader_.decoder(), ids, state, {.window = 40, .kernel = 5});
  const auto seen = [&](int64_t row) {
    if (row < 0 || row >= 260) return 0.0;
    double sum = 0;
    for (int64_t query = 260; query < 300; ++query) {
      sum += layers[1][2][query][row].item<double>() + layers[1][3][query][row].item<double>();
    }
    return sum / 2 / 40;
  };
  for (const int64_t row : {0, 1, 100, 258, 259}) {
    const auto mean = (seen(row - 2) + seen(row - 1) + seen(row) + seen(row + 1) + seen(row + 2)) / 5;
    EXPECT_NEAR(scores[1][1][row].item<double>(), mean, 1e-6) << row;
  }
  EXPECT_EQ(scores[1].narrow(1, 260, 40).min().item<float>(), scores[1].max().item<float>());
}

TEST_F(Attention, puts_the_last_tokens_before_all_others_for_snapkv) {
  const auto found = scores(AttentionScore::kSnapKv, {.snapkv = {.window = 4}});
  ASSERT_EQ(found.size(), 13U);
  const auto best_before = *std::max_element(found.begin(), found.begin() + 9);
  for (size_t row = 9; row < 13; ++row) EXPECT_GT(found[row], best_before);
}

TEST_F(Attention, of_templates_is_the_mean_of_their_q2c) {
  const std::vector<std::string> asked = {"where does bako live ?", "what does demu work as ?"};
  const auto one = scores(AttentionScore::kQ2c, {.question = reader_.question_tokens(asked[0])});
  const auto two = scores(AttentionScore::kQ2c, {.question = reader_.question_tokens(asked[1])});
  const auto both = scores(AttentionScore::kTemplates, {.templates = asked});
  for (size_t row = 0; row < both.size(); ++row) EXPECT_NEAR(both[row], (one[row] + two[row]) / 2, 1e-6F);
}

TEST_F(Attention, of_layers_is_the_share_that_goes_to_the_document_and_the_best_has_one) {
  const auto question = reader_.question_tokens(question_);
  const auto found = scores(AttentionScore::kLayers, {.question = question});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(*std::max_element(found.begin(), found.end()), 1.0F);
  const auto cache = read();
  auto state = state_of(cache);
  std::vector<double> shares;
  (void)reader_.decoder().forward_cached(tensor_of(question), positions_from(13, question.size()), state,
                                         [&](int64_t, const at::Tensor& p) {
                                           shares.push_back(p.narrow(2, 1, 12).sum(2).mean().item<double>());
                                         });
  EXPECT_NEAR(found[0] / found[1], shares[0] / shares[1], 1e-5);
}

TEST_F(Attention, of_h2o_comes_from_the_document_itself) {
  const auto found = scores(AttentionScore::kH2o, {});
  const auto exact = observed_attention(reader_.decoder(), reader_.document_tokens(text_)).mean(0).mean(0);
  for (size_t row = 0; row < found.size(); ++row) {
    EXPECT_EQ(found[row], exact[static_cast<int64_t>(row)].item<float>());
  }
}

TEST_F(Attention, says_what_it_misses) {
  EXPECT_EQ(error(AttentionScore::kQ2c, {}), "question attention: expected a question, found no token");
  EXPECT_EQ(error(AttentionScore::kH2o, {.document = "another text"}),
            "attention: the document has 3 tokens, the cache 13");
  EXPECT_EQ(error(AttentionScore::kTemplates, {.document = "the quiet river"}),
            "templates: none for this document, expected names in it that they ask for, or questions");
  EXPECT_EQ(error(AttentionScore::kSnapKv, {.document = text_, .snapkv = {.window = 0}}),
            "snapkv: window 0 and kernel 5, expected a window of at least 1 and an odd kernel");
}

}  // namespace
}  // namespace kvferry
