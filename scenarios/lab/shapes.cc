// SPDX-License-Identifier: MIT
#include "scenarios/lab/shapes.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "codec/chunk/chunk_plan.h"
#include "protocol/base/rng.h"

namespace kvferry {
namespace {

// From the models' own config.json.
constexpr std::array<ModelShape, 4> kShapes = {{
    {"llama-3.1-8b", "LlamaForCausalLM", 32, 8, 128, 5e5},
    {"qwen2.5-7b", "Qwen2ForCausalLM", 28, 4, 128, 1e6},
    {"qwen2.5-0.5b", "Qwen2ForCausalLM", 24, 2, 64, 1e6},
    {"tinyllama-1.1b", "LlamaForCausalLM", 22, 4, 64, 1e4},
}};

Bytes noise(size_t size_bytes, Rng& rng) {
  Bytes bytes;
  bytes.reserve(size_bytes + sizeof(uint64_t));
  while (bytes.size() < size_bytes) put_le(bytes, rng.next());
  bytes.resize(size_bytes);
  return bytes;
}

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

Card synthesise_card(const ModelShape& shape, const Card& card, uint64_t seed) {
  const auto& sets = card.manifest.position_sets;
  const auto smaller = [](const PositionSet& a, const PositionSet& b) { return a.size() < b.size(); };
  const auto& positions = *std::max_element(sets.begin(), sets.end(), smaller);  // a layer not sent has none
  const double kept_bytes =
      static_cast<double>(card.manifest.model.fp16_bytes_per_token()) * static_cast<double>(positions.size());
  const double share = static_cast<double>(card.manifest.payload_bytes()) / kept_bytes;
  const auto row_bytes = uint64_t{shape.kv_heads} * shape.head_dim * 2 * 2;

  Card out;
  out.manifest.model = shape.identity();
  out.manifest.token_count = card.manifest.token_count;
  out.manifest.position_sets = {positions};
  out.manifest.layer_sets.assign(shape.layers, 0);
  out.manifest.preset = card.manifest.preset;
  out.manifest.codec = CodecId::kOpaque;
  out.manifest.query_aware = card.manifest.query_aware;
  out.manifest.raw_bytes = shape.identity().fp16_bytes_per_token() * card.manifest.token_count;
  Rng rng(seed);
  for (uint32_t row = 0; row < positions.size(); row += kChunkRows) {
    const auto rows = std::min(kChunkRows, positions.size() - row);
    const auto together = static_cast<uint32_t>((kChunkBytesFp16 - 1) / (rows * row_bytes) + 1);
    for (uint32_t layer = 0; layer < shape.layers; layer += together) {
      ChunkInfo info;
      info.layer_begin = layer;
      info.layer_count = std::min(together, shape.layers - layer);
      info.row_begin = row;
      info.row_count = rows;
      info.importance = 1 - static_cast<float>(row) / static_cast<float>(positions.size());
      const auto fp16_bytes = static_cast<double>(row_bytes * rows * info.layer_count);
      const auto size = static_cast<size_t>(std::max(1.0, std::round(fp16_bytes * share)));
      add_chunk(out, info, Slice(noise(size, rng)));
    }
  }
  return out;
}

}  // namespace kvferry
