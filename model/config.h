// SPDX-License-Identifier: MIT
//
// Shape of a Llama-family decoder, as Hugging Face's config.json states it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "protocol/base/result.h"

namespace kvferry {

struct ModelConfig {
  std::string architecture = "LlamaForCausalLM";  // or Qwen2ForCausalLM
  int64_t vocab_size = 0;
  int64_t hidden_size = 0;
  int64_t intermediate_size = 0;
  int64_t num_layers = 0;
  int64_t num_heads = 0;
  int64_t num_kv_heads = 0;
  int64_t head_dim = 0;  // independent of hidden_size / num_heads
  double rms_norm_eps = 1e-6;
  double rope_theta = 1e6;
  bool qkv_bias = true;
  bool output_bias = false;  // Llama's attention_bias adds one after attention, Qwen2 has none
  bool tie_embeddings = true;
  int64_t max_positions = 4096;
  int64_t bos_token_id = 0;
  int64_t eos_token_id = 0;

  // Bytes of FP16 K and V that one token occupies over all layers.
  [[nodiscard]] int64_t kv_bytes_per_token() const { return num_layers * 2 * num_kv_heads * head_dim * 2; }

  // Floating-point operations of a forward pass over one token that attends to `context` tokens.
  [[nodiscard]] double flops_per_token(double context) const;

  bool operator==(const ModelConfig&) const = default;
};

// Reads and checks a config.json; an error names the file and the field.
[[nodiscard]] Result<ModelConfig> read_model_config(const std::filesystem::path& file);

// The text of a config.json that Hugging Face transformers loads.
[[nodiscard]] std::string write_model_config(const ModelConfig& config);

}  // namespace kvferry
