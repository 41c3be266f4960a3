// SPDX-License-Identifier: MIT
#include "model/conditions.h"

#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include "codec/torch/tensors.h"
#include "model/injection.h"
#include "tests/model/random_reader.h"

namespace kvferry {
namespace {

class Conditions : public RandomReader {
 protected:
  ConditionedCache under(Condition condition) {
    auto found = under_condition(condition, reader_, text_, full_, kept_);
    EXPECT_TRUE(found) << found.error().message;
    return std::move(*found);
  }
  // KL from the full cache over an answer's tokens.
  double kl(Condition condition) {
    const auto one = under(condition);
    const auto compared = reader_.compare(full_, one.cache, question_, "north deru", one.reading);
    EXPECT_TRUE(compared);
    return compared->kl_sum;
  }
  const KvCache full_ = read();
  const std::vector<uint32_t> kept_ = {0, 2, 3, 7, 8, 11};
};

TEST_F(Conditions, dropping_and_masking_rows_are_the_same_to_the_model_and_zeroing_alone_is_not) {
  const auto pruned = kl(Condition::kPruned);
  EXPECT_GT(pruned, 0.0);
  EXPECT_NEAR(kl(Condition::kMasked), pruned, 1e-5 * pruned);
  EXPECT_NEAR(kl(Condition::kZeroMasked), pruned, 1e-5 * pruned);
  EXPECT_GT(std::abs(kl(Condition::kZeroed) - pruned), 0.01 * pruned);
  EXPECT_GT(std::abs(kl(Condition::kBuilt) - pruned), 0.01 * pruned);
}

TEST_F(Conditions, zeroing_keeps_all_rows_and_changes_only_the_others) {
  const auto zeroed = under(Condition::kZeroed).cache;
  const auto channels = full_.geometry().channels();
  ASSERT_EQ(zeroed.rows(1), full_.rows(1));
  for (size_t row = 0; row < 13; ++row) {
    const bool is_kept = std::binary_search(kept_.begin(), kept_.end(), row);
    for (size_t i = row * channels; i < (row + 1) * channels; ++i) {
      ASSERT_EQ(zeroed.key_data(1)[i], is_kept ? full_.key_data(1)[i] : 0);
      ASSERT_EQ(zeroed.value_data(1)[i], is_kept ? full_.value_data(1)[i] : 0);
    }
  }
}

// Token by token with an explicit mask: each attends to itself and to the kept rows before it.
TEST_F(Conditions, a_cache_built_under_a_mask_is_that_of_masked_columns) {
  const c10::NoGradGuard no_grad;
  const auto ids = reader_.document_tokens(text_);
  auto state = reader_.decoder().empty_state();
  for (size_t i = 0; i < ids.size(); ++i) {
    std::vector<uint32_t> hidden;
    for (uint32_t row = 0; row < i; ++row) {
      if (!std::binary_search(kept_.begin(), kept_.end(), row)) hidden.push_back(row);
    }
    ASSERT_TRUE(hide_rows(state, hidden));
    (void)reader_.decoder().forward_cached(tensor_of({ids[i]}), positions_from(static_cast<int64_t>(i), 1),
                                           state);
  }
  const auto built = under(Condition::kBuilt).cache;
  ASSERT_EQ(built.rows(0), kept_.size());
  EXPECT_EQ(built.token_count(), 13U);
  for (size_t layer = 0; layer < 2; ++layer) {
    const auto k = to_tensor(built.key(layer)), v = to_tensor(built.value(layer));
    for (size_t i = 0; i < kept_.size(); ++i) {
      EXPECT_EQ(built.positions(layer)[i], static_cast<int32_t>(kept_[i]));
      const auto row = static_cast<int64_t>(kept_[i]), at = static_cast<int64_t>(i);
      EXPECT_LT((k.select(1, at) - state[layer].k.select(1, row)).abs().max().item<float>(), 5e-3F);
      EXPECT_LT((v.select(1, at) - state[layer].v.select(1, row)).abs().max().item<float>(), 5e-3F);
    }
  }
}

TEST_F(Conditions, a_mask_that_keeps_everything_changes_nothing) {
  std::vector<uint32_t> all(13);
  for (uint32_t row = 0; row < 13; ++row) all[row] = row;
  for (const auto condition :
       {Condition::kPruned, Condition::kMasked, Condition::kZeroed, Condition::kBuilt}) {
    const auto same = under_condition(condition, reader_, text_, full_, all);
    ASSERT_TRUE(same);
    EXPECT_EQ(same->cache, full_) << to_string(condition);
  }
}

TEST_F(Conditions, refuse_rows_that_are_not_there) {
  const std::vector<uint32_t> beyond = {3, 13};
  for (const auto condition : {Condition::kPruned, Condition::kMasked, Condition::kBuilt}) {
    const auto refused = under_condition(condition, reader_, text_, full_, beyond);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("row 13, expected below 13"), std::string::npos)
        << refused.error().message;
  }
}

}  // namespace
}  // namespace kvferry
