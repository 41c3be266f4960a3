// SPDX-License-Identifier: MIT
#include "model/config.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/model/small_model.h"

namespace kvferry {
namespace {

class ConfigFile : public ::testing::Test {
 protected:
  Result<ModelConfig> read(const std::string& text) {
    const auto file = scratch_.path() / "config.json";
    std::ofstream(file) << text;
    return read_model_config(file);
  }
  std::string error(const std::string& text) {
    const auto config = read(text);
    if (config) return "accepted";
    return config.error().message.substr((scratch_.path() / "config.json").string().size() + 2);
  }
  ScratchFolder scratch_;
};

TEST_F(ConfigFile, survives_writing_and_reading) {
  const auto config = read(write_model_config(small_shape()));
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(*config, small_shape());
}

TEST_F(ConfigFile, fills_in_what_qwen2_leaves_out) {
  const auto config =
      read(R"({"architectures": ["Qwen2ForCausalLM"], "vocab_size": 151936, "hidden_size": 896,
    "intermediate_size": 4864, "num_hidden_layers": 24, "num_attention_heads": 14, "num_key_value_heads": 2,
    "rms_norm_eps": 1e-06, "rope_theta": 1000000.0, "tie_word_embeddings": true})");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->head_dim, 64);
  EXPECT_TRUE(config->qkv_bias);
  EXPECT_FALSE(config->output_bias);
  EXPECT_EQ(config->kv_bytes_per_token(), 12 * 1024);  // Qwen2.5-0.5B, as published
}

TEST_F(ConfigFile, names_the_field_that_is_wrong) {
  EXPECT_EQ(error("[]"), "expected a JSON object");
  EXPECT_EQ(error("{"), "not valid JSON");
  EXPECT_EQ(error(R"({"architectures": ["GPT2LMHeadModel"]})"),
            "field 'architectures': expected LlamaForCausalLM or Qwen2ForCausalLM, not GPT2LMHeadModel");
  EXPECT_EQ(error(R"({"vocab_size": -3})"), "field 'vocab_size': expected between 1 and 16777216");
  EXPECT_EQ(error(R"({"vocab_size": 8, "hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 1,
    "num_attention_heads": 6, "num_key_value_heads": 4, "head_dim": 8})"),
            "field 'num_attention_heads': expected a multiple of num_key_value_heads");
}

}  // namespace
}  // namespace kvferry
