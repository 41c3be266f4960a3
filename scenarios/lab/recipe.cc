// SPDX-License-Identifier: MIT
#include "scenarios/lab/recipe.h"

#include "model/prompt.h"
#include "scenarios/toml_file.h"

namespace kvferry {
namespace {

void read_shape(TomlTable table, ModelConfig& shape) {
  const auto size = [&](const char* key, int64_t& value, int64_t most) {
    table.integer(key, value, 1, most);
    table.require(key);
  };
  size("layers", shape.num_layers, 128);
  size("hidden", shape.hidden_size, 16384);
  size("intermediate", shape.intermediate_size, 65536);
  size("heads", shape.num_heads, 128);
  size("kv_heads", shape.num_kv_heads, 128);
  size("head_dim", shape.head_dim, 1024);
  table.number("rope_theta", shape.rope_theta, 1, 1e12);
  table.integer("max_positions", shape.max_positions, 16, 1 << 20);
  if (shape.num_kv_heads > 0 && shape.num_heads % shape.num_kv_heads != 0) {
    table.reject("kv_heads", "expected a divisor of heads");
  }
  if (shape.head_dim % 2 != 0) table.reject("head_dim", "expected an even number");
}

TrainingStage read_stage(TomlTable table) {
  TrainingStage stage;
  table.integer("steps", stage.steps, 1, 10'000'000);
  table.require("steps");
  table.integer("documents", stage.documents, 1, 4096);
  table.range("facts", stage.min_facts, stage.max_facts, 1, 200);
  table.range("words", stage.min_words, stage.max_words, 0, 100'000);
  table.number("paraphrased", stage.paraphrased_share, 0, 1);
  table.number("few_relations", stage.few_relations_share, 0, 1);
  table.integer("questions", stage.questions, 1, 200);
  return stage;
}

}  // namespace

Result<TrainingRecipe> read_recipe(const std::filesystem::path& file, const Tokenizer& tokenizer) {
  auto root = TomlTable::read(file);
  if (!root) return root.error();
  TrainingRecipe recipe;
  root->integer("seed", recipe.seed, 0, INT64_MAX);
  root->number("learning_rate", recipe.learning_rate, 1e-9, 10);
  root->integer("warmup_steps", recipe.warmup_steps, 0, 1'000'000);
  root->flag("bf16_products", recipe.bf16_products);
  root->require("shape");
  read_shape(root->table("shape"), recipe.shape);
  root->require("stage");
  for (auto& table : root->tables("stage")) recipe.stages.push_back(read_stage(table));
  if (auto read = root->finish(); !read) return read.error();
  recipe.shape.output_bias = true;  // Llama's attention_bias is one for all four projections
  recipe.shape.vocab_size = static_cast<int64_t>(tokenizer.size());
  recipe.shape.bos_token_id = tokenizer.id(kDocumentMark);
  recipe.shape.eos_token_id = tokenizer.id(kEndMark);
  return recipe;
}

}  // namespace kvferry
