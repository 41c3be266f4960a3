// SPDX-License-Identifier: MIT
//
// A Llama-family decoder: RMSNorm, RoPE, grouped-query attention, SwiGLU, optional
// biases, tied embeddings. Computes in FP32 (training may use BF16 products).
//
// Shapes: B batch, T new tokens, R cached rows, D hidden, H query heads, G KV heads, C head size.
#pragma once

#include <ATen/ATen.h>

#include <functional>
#include <string>
#include <vector>

#include "model/config.h"

namespace kvferry {

struct LayerWeights {
  at::Tensor input_norm;      // [D]
  at::Tensor q, q_bias;       // [H·C, D], [H·C]
  at::Tensor k, k_bias;       // [G·C, D], [G·C]
  at::Tensor v, v_bias;       // [G·C, D], [G·C]
  at::Tensor o, o_bias;       // [D, H·C], [D]
  at::Tensor post_norm;       // [D]
  at::Tensor gate, up, down;  // [F, D], [F, D], [D, F]
};

struct DecoderWeights {
  at::Tensor embedding;  // [V, D]
  std::vector<LayerWeights> layers;
  at::Tensor norm;  // [D]
  at::Tensor head;  // [V, D]; undefined when tied to the embedding
};

// Visits every weight that `config` calls for, with Hugging Face's name and its shape.
void for_each_weight(const ModelConfig& config, DecoderWeights& weights,
                     const std::function<void(const std::string& name, const std::vector<int64_t>& shape,
                                              at::Tensor&)>& visit);

// One layer's cache while the model works on it: K after RoPE and V, both [G, R, C], FP32. R may be 0.
struct LayerState {
  at::Tensor k, v;
  at::Tensor shared_k, shared_v;  // [G, S, C]: rows before those, which states have in common and none copies
  at::Tensor hidden;              // [up to S + R], bool: rows that no new token attends to; undefined: none
};
using DecoderState = std::vector<LayerState>;

// Is shown the attention probabilities of each layer, [H, T, R + T], during a forward pass.
using AttentionObserver = std::function<void(int64_t layer, const at::Tensor& probabilities)>;

class Decoder {
 public:
  Decoder(ModelConfig config, DecoderWeights weights);

  [[nodiscard]] const ModelConfig& config() const { return config_; }
  [[nodiscard]] DecoderWeights& weights() { return weights_; }
  [[nodiscard]] const DecoderWeights& weights() const { return weights_; }

  // Final hidden states [B, T, D] of whole sequences; differentiable. Matrix products run in `products`.
  [[nodiscard]] at::Tensor forward_sequences(const at::Tensor& ids, at::ScalarType products) const;

  // Final hidden states [T, D] of new tokens at `positions` [T]; each attends to every cached row and,
  // causally, to the new tokens. The layers' rows may differ in number. Appends to `state`.
  [[nodiscard]] at::Tensor forward_cached(const at::Tensor& ids, const at::Tensor& positions,
                                          DecoderState& state,
                                          const AttentionObserver& observer = nullptr) const;

  // Vocabulary scores [..., V] of hidden states [..., D].
  [[nodiscard]] at::Tensor logits(const at::Tensor& hidden) const;

  // A state with no rows.
  [[nodiscard]] DecoderState empty_state() const;

 private:
  ModelConfig config_;
  DecoderWeights weights_;
};

}  // namespace kvferry
