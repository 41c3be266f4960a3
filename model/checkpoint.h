// SPDX-License-Identifier: MIT
//
// A model folder in Hugging Face's layout: config.json, model.safetensors, tokenizer.json.
#pragma once

#include <filesystem>

#include "model/config.h"
#include "model/decoder.h"
#include "model/tokenizer.h"
#include "protocol/card/model_identity.h"

namespace kvferry {

struct Checkpoint {
  ModelConfig config;
  DecoderWeights weights;
  Tokenizer tokenizer;
  ModelIdentity identity;  // what cards made with this model carry
};

// Loads all three files; weights are widened to FP32. An error names the file and what is wrong in it.
[[nodiscard]] Result<Checkpoint> read_checkpoint(const std::filesystem::path& folder);

// Writes the three files, weights as FP16, each whole or not at all.
[[nodiscard]] Result<void> write_checkpoint(const std::filesystem::path& folder, const ModelConfig& config,
                                            DecoderWeights& weights, const Tokenizer& tokenizer);

}  // namespace kvferry
