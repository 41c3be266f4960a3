// SPDX-License-Identifier: MIT
//
// Small cards with seeded contents, for tests of everything that carries cards.
#pragma once

#include "protocol/base/rng.h"
#include "protocol/card/card.h"

namespace kvferry::test {

[[nodiscard]] inline ModelIdentity sample_model() {
  ModelIdentity model;
  model.architecture = "LlamaForCausalLM";
  model.layers = 4;
  model.kv_heads = 2;
  model.head_dim = 16;
  model.rope_theta = 10000;
  model.tokenizer = sha256(as_bytes("tokenizer"));
  model.weights = sha256(as_bytes("weights"));
  return model;
}

[[nodiscard]] inline Bytes random_bytes(Rng& rng, std::size_t size_bytes) {
  Bytes bytes(size_bytes);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(rng.next());
  return bytes;
}

// chunk_count chunks of 1 to max_chunk_bytes random bytes.
[[nodiscard]] inline Card sample_card(std::uint64_t seed, std::uint32_t chunk_count,
                                      std::uint32_t max_chunk_bytes) {
  Rng rng(seed);
  Card card;
  Manifest& manifest = card.manifest;
  manifest.model = sample_model();
  manifest.token_count = 64;
  manifest.position_sets = {PositionSet::all(64),
                            *PositionSet::from_positions(std::vector<std::int32_t>{0, 1, 5, 9, 10, 63})};
  manifest.layer_sets = {0, 0, 1, 1};
  manifest.preset = "select=full | quant=fp16 | entropy=none";
  manifest.raw_bytes = 64 * manifest.model.fp16_bytes_per_token();
  for (std::uint32_t i = 0; i < chunk_count; ++i) {
    ChunkInfo info;
    info.layer_begin = i % 2 == 0 ? 0 : 2;
    info.layer_count = 2;
    info.row_count = i % 2 == 0 ? 64 : 6;
    info.importance = 1.0f / static_cast<float>(i + 1);
    add_chunk(card, info, Slice(random_bytes(rng, 1 + rng.below(max_chunk_bytes))));
  }
  return card;
}

[[nodiscard]] inline bool same_bytes(const Card& a, const Card& b) {
  if (a.manifest != b.manifest || a.chunks.size() != b.chunks.size()) return false;
  for (std::size_t i = 0; i < a.chunks.size(); ++i) {
    ByteView x = a.chunks[i].view();
    ByteView y = b.chunks[i].view();
    if (!std::equal(x.begin(), x.end(), y.begin(), y.end())) return false;
  }
  return true;
}

}  // namespace kvferry::test
