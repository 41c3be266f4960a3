// SPDX-License-Identifier: MIT
#include "model/trainer.h"

#include <gtest/gtest.h>

#include "tests/model/small_model.h"

namespace kvferry {
namespace {

TrainingRecipe short_recipe() {
  TrainingRecipe recipe;
  recipe.shape = small_shape();
  recipe.warmup_steps = 5;
  TrainingStage stage;
  stage.steps = 30;
  stage.documents = 8;
  recipe.stages = {stage};
  return recipe;
}

std::pair<DecoderWeights, std::vector<double>> run() {
  const auto recipe = short_recipe();
  auto weights = initialize_weights(recipe.shape, recipe.seed);
  std::vector<double> losses;
  train(recipe, make_document_tokenizer(), weights, 10,
        [&](const TrainingProgress& p) { losses.push_back(p.loss); });
  return {weights, losses};
}

TEST(Trainer, lowers_the_loss_and_reports_it) {
  const auto [weights, losses] = run();
  ASSERT_EQ(losses.size(), 3U);
  EXPECT_LT(losses[2], 0.9 * losses[0]);
}

TEST(Trainer, gives_the_same_weights_twice) {
  const auto [a, losses_a] = run();
  const auto [b, losses_b] = run();
  EXPECT_EQ(losses_a, losses_b);
  EXPECT_TRUE(at::equal(a.layers[0].q, b.layers[0].q));
}

}  // namespace
}  // namespace kvferry
