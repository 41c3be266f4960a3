// SPDX-License-Identifier: MIT
//
// write_logits MODEL OUT: the model's logits over a fixed sequence of tokens, as a
// safetensors file {ids, whole, cached}; "cached" splits the sequence in two, the second
// half reading the first through the KV state.
// write_logits --random ARCHITECTURE MODEL: writes a checkpoint of random weights first.
#include <c10/core/GradMode.h>

#include <fstream>
#include <iostream>

#include "model/checkpoint.h"
#include "model/initialize.h"
#include "model/safetensors.h"
#include "model/trainer.h"

namespace {

using namespace kvferry;

int fail(const Error& error) {
  std::cerr << error.message << "\n";
  return 1;
}

int write_random(const std::string& architecture, const std::string& folder) {
  const auto tokenizer = make_document_tokenizer();
  ModelConfig config;
  config.architecture = architecture;
  config.vocab_size = static_cast<int64_t>(tokenizer.size());
  config.hidden_size = 96;
  config.intermediate_size = 160;
  config.num_layers = 3;
  config.num_heads = 6;
  config.num_kv_heads = 2;
  config.head_dim = architecture == "Qwen2ForCausalLM" ? 16 : 32;
  config.output_bias = architecture == "LlamaForCausalLM";
  config.tie_embeddings = architecture == "LlamaForCausalLM";
  auto weights = initialize_weights(config, 5);
  for_each_weight(config, weights, [](const std::string& name, const std::vector<int64_t>&, at::Tensor& w) {
    if (name.find("bias") != std::string::npos) w += at::arange(w.numel()) * 1e-3;
  });
  const auto done = write_checkpoint(folder, config, weights, tokenizer);
  return done ? 0 : fail(done.error());
}

int write_logits(const std::string& folder, const std::string& out) {
  const c10::NoGradGuard no_grad;
  auto checkpoint = read_checkpoint(folder);
  if (!checkpoint) return fail(checkpoint.error());
  const auto length = int64_t{96};
  const auto ids = (at::arange(length, at::kLong) * 7919).remainder(checkpoint->config.vocab_size);
  const Decoder decoder(checkpoint->config, checkpoint->weights);
  const auto whole = decoder.logits(decoder.forward_sequences(ids.unsqueeze(0), at::kFloat).squeeze(0));
  auto state = decoder.empty_state();
  const auto half = length / 2;
  const auto first = decoder.forward_cached(ids.narrow(0, 0, half), at::arange(half), state);
  const auto second = decoder.forward_cached(ids.narrow(0, half, half), at::arange(half, length), state);
  const auto cached = decoder.logits(at::cat({first, second}, 0));
  std::ofstream(out, std::ios::binary)
      << write_safetensors({{"cached", cached}, {"ids", ids.to(at::kFloat)}, {"whole", whole}});
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 4 && std::string(argv[1]) == "--random") return write_random(argv[2], argv[3]);
  if (argc == 3) return write_logits(argv[1], argv[2]);
  std::cerr << "usage: write_logits MODEL OUT | write_logits --random ARCHITECTURE MODEL\n";
  return 2;
}
