// SPDX-License-Identifier: MIT
#include "scenarios/shapes/model_shape.h"

#include <array>

namespace kvferry {
namespace {

// From the models' own config.json.
constexpr std::array<ModelShape, 7> kShapes = {{
    {"llama-3-8b", "LlamaForCausalLM", 32, 8, 128, 5e5},
    {"llama-3-70b", "LlamaForCausalLM", 80, 8, 128, 5e5},
    {"llama-3.1-8b", "LlamaForCausalLM", 32, 8, 128, 5e5},
    {"qwen2.5-7b", "Qwen2ForCausalLM", 28, 4, 128, 1e6},
    {"qwen2.5-3b", "Qwen2ForCausalLM", 36, 2, 128, 1e6},
    {"qwen2.5-0.5b", "Qwen2ForCausalLM", 24, 2, 64, 1e6},
    {"tinyllama-1.1b", "LlamaForCausalLM", 22, 4, 64, 1e4},
}};

}  // namespace

ModelIdentity ModelShape::identity() const {
  ModelIdentity identity;
  identity.architecture = architecture;
  identity.layers = layers;
  identity.kv_heads = kv_heads;
  identity.head_dim = head_dim;
  identity.rope_theta = rope_theta;
  return identity;
}

std::optional<ModelShape> find_shape(std::string_view name) {
  for (const auto& shape : kShapes) {
    if (shape.name == name) return shape;
  }
  return std::nullopt;
}

std::string shape_names() {
  std::string names;
  for (const auto& shape : kShapes) names += (names.empty() ? "" : ", ") + std::string(shape.name);
  return names;
}

}  // namespace kvferry
