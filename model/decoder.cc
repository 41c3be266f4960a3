// SPDX-License-Identifier: MIT
#include "model/decoder.h"

#include <torch/version.h>

#include <cmath>

#include "model/rope.h"

namespace kvferry {
namespace {

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  return x * at::rsqrt(x.pow(2).mean(-1, true) + eps) * weight;
}

at::Tensor project(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  const auto type = x.scalar_type();
  return at::linear(x, weight.to(type),
                    bias.defined() ? c10::optional<at::Tensor>(bias.to(type)) : c10::nullopt);
}

// [B, T, heads·C] -> [B, heads, T, C]
at::Tensor split_heads(const at::Tensor& x, int64_t head_dim) {
  return x.view({x.size(0), x.size(1), -1, head_dim}).transpose(1, 2);
}

// [B, H, T, C] -> [B, T, H·C]
at::Tensor merge_heads(const at::Tensor& x) { return x.transpose(1, 2).reshape({x.size(0), x.size(2), -1}); }

// Repeats each KV head for the query heads that share it: [B, G, R, C] -> [B, H, R, C].
at::Tensor expand_groups(const at::Tensor& x, int64_t heads) {
  const auto groups = x.size(1);
  if (groups == heads) return x;
  return x.unsqueeze(2)
      .expand({x.size(0), groups, heads / groups, x.size(2), x.size(3)})
      .reshape({x.size(0), heads, x.size(2), x.size(3)});
}

// Probabilities [B, H, T, R + T] of new tokens from scores, over cached rows that are not hidden and,
// causally, themselves.
at::Tensor attention_probabilities(at::Tensor scores, const at::Tensor& hidden, int64_t head_dim) {
  scores = scores.to(at::kFloat) * (1.0 / std::sqrt(static_cast<double>(head_dim)));
  const auto new_tokens = scores.size(2), rows = scores.size(3);
  const auto future = at::ones({new_tokens, rows}, at::kBool).triu(rows - new_tokens + 1);
  scores.masked_fill_(future, -INFINITY);
  if (hidden.defined()) scores.narrow(-1, 0, hidden.size(0)).masked_fill_(hidden, -INFINITY);
  return scores.softmax(-1);
}

// x [1, H, T, A] times shared [G, A, B], a KV head for its query heads, without repeating it: [1, H, T, B].
at::Tensor times_shared(const at::Tensor& x, const at::Tensor& shared) {
  const auto groups = shared.size(0), heads = x.size(1), tokens = x.size(2);
  const auto product = at::matmul(x.reshape({groups, heads / groups * tokens, x.size(3)}), shared);
  return product.view({1, heads, tokens, shared.size(2)});
}

at::Tensor scores_of(const at::Tensor& q, const LayerState& state) {
  const auto own = at::matmul(q, expand_groups(state.k.unsqueeze(0), q.size(1)).transpose(-1, -2));
  if (!state.shared_k.defined()) return own;
  return at::cat({times_shared(q, state.shared_k.transpose(-1, -2)), own}, -1);
}

at::Tensor mix(const at::Tensor& p, const LayerState& state) {
  const auto values = expand_groups(state.v.unsqueeze(0), p.size(1));
  if (!state.shared_v.defined()) return at::matmul(p, values);
  const auto shared = state.shared_v.size(1);
  return times_shared(p.narrow(-1, 0, shared), state.shared_v) +
         at::matmul(p.narrow(-1, shared, p.size(-1) - shared), values);
}

// Causal attention over whole sequences; the probabilities are not kept where libtorch can avoid them.
at::Tensor causal_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
#if TORCH_VERSION_MAJOR >= 2
  return at::scaled_dot_product_attention(q, k, v, {}, 0.0, true);
#else
  const auto scores = at::matmul(q, k.transpose(-1, -2));
  return at::matmul(attention_probabilities(scores, {}, q.size(-1)).to(v.scalar_type()), v);
#endif
}

at::Tensor mlp(const LayerWeights& w, const at::Tensor& x) {
  return project(at::silu(project(x, w.gate, {})) * project(x, w.up, {}), w.down, {});
}

}  // namespace

void for_each_weight(
    const ModelConfig& c, DecoderWeights& weights,
    const std::function<void(const std::string&, const std::vector<int64_t>&, at::Tensor&)>& visit) {
  const auto d = c.hidden_size, q = c.num_heads * c.head_dim, kv = c.num_kv_heads * c.head_dim;
  const auto f = c.intermediate_size;
  weights.layers.resize(static_cast<size_t>(c.num_layers));
  visit("model.embed_tokens.weight", {c.vocab_size, d}, weights.embedding);
  for (size_t i = 0; i < weights.layers.size(); ++i) {
    auto& w = weights.layers[i];
    const auto at_layer = "model.layers." + std::to_string(i) + ".";
    visit(at_layer + "input_layernorm.weight", {d}, w.input_norm);
    visit(at_layer + "self_attn.q_proj.weight", {q, d}, w.q);
    visit(at_layer + "self_attn.k_proj.weight", {kv, d}, w.k);
    visit(at_layer + "self_attn.v_proj.weight", {kv, d}, w.v);
    visit(at_layer + "self_attn.o_proj.weight", {d, q}, w.o);
    if (c.qkv_bias) {
      visit(at_layer + "self_attn.q_proj.bias", {q}, w.q_bias);
      visit(at_layer + "self_attn.k_proj.bias", {kv}, w.k_bias);
      visit(at_layer + "self_attn.v_proj.bias", {kv}, w.v_bias);
    }
    if (c.output_bias) visit(at_layer + "self_attn.o_proj.bias", {d}, w.o_bias);
    visit(at_layer + "post_attention_layernorm.weight", {d}, w.post_norm);
    visit(at_layer + "mlp.gate_proj.weight", {f, d}, w.gate);
    visit(at_layer + "mlp.up_proj.weight", {f, d}, w.up);
    visit(at_layer + "mlp.down_proj.weight", {d, f}, w.down);
  }
  visit("model.norm.weight", {d}, weights.norm);
  if (!c.tie_embeddings) visit("lm_head.weight", {c.vocab_size, d}, weights.head);
}

Decoder::Decoder(ModelConfig config, DecoderWeights weights)
    : config_(std::move(config)), weights_(std::move(weights)) {}

at::Tensor Decoder::forward_sequences(const at::Tensor& ids, at::ScalarType products) const {
  const auto rope = rope_table(at::arange(ids.size(1)), config_.head_dim, config_.rope_theta);
  auto x = at::embedding(weights_.embedding, ids);
  for (const auto& w : weights_.layers) {
    const auto h = rms_norm(x, w.input_norm, config_.rms_norm_eps).to(products);
    const auto q = apply_rope(split_heads(project(h, w.q, w.q_bias), config_.head_dim), rope);
    const auto k = apply_rope(split_heads(project(h, w.k, w.k_bias), config_.head_dim), rope);
    const auto v = split_heads(project(h, w.v, w.v_bias), config_.head_dim);
    const auto heads = config_.num_heads;
    const auto mixed = causal_attention(q, expand_groups(k, heads), expand_groups(v, heads));
    x = x + project(merge_heads(mixed), w.o, w.o_bias);
    x = x + mlp(w, rms_norm(x, w.post_norm, config_.rms_norm_eps).to(products));
  }
  return rms_norm(x, weights_.norm, config_.rms_norm_eps);
}

at::Tensor Decoder::forward_cached(const at::Tensor& ids, const at::Tensor& positions, DecoderState& state,
                                   const AttentionObserver& observer) const {
  const auto rope = rope_table(positions, config_.head_dim, config_.rope_theta);
  auto x = at::embedding(weights_.embedding, ids).unsqueeze(0);
  for (size_t i = 0; i < weights_.layers.size(); ++i) {
    const auto& w = weights_.layers[i];
    const auto h = rms_norm(x, w.input_norm, config_.rms_norm_eps);
    const auto q = apply_rope(split_heads(project(h, w.q, w.q_bias), config_.head_dim), rope);
    const auto k = apply_rope(split_heads(project(h, w.k, w.k_bias), config_.head_dim), rope);
    const auto v = split_heads(project(h, w.v, w.v_bias), config_.head_dim);
    state[i].k = at::cat({state[i].k, k.squeeze(0)}, 1);
    state[i].v = at::cat({state[i].v, v.squeeze(0)}, 1);
    const auto p = attention_probabilities(scores_of(q, state[i]), state[i].hidden, config_.head_dim);
    if (observer) observer(static_cast<int64_t>(i), p.squeeze(0));
    x = x + project(merge_heads(mix(p, state[i])), w.o, w.o_bias);
    x = x + mlp(w, rms_norm(x, w.post_norm, config_.rms_norm_eps));
  }
  return rms_norm(x, weights_.norm, config_.rms_norm_eps).squeeze(0);
}

at::Tensor Decoder::logits(const at::Tensor& hidden) const {
  return at::linear(hidden, weights_.head.defined() ? weights_.head : weights_.embedding);
}

DecoderState Decoder::empty_state() const {
  DecoderState state(weights_.layers.size());
  for (auto& layer : state) {
    layer.k = at::empty({config_.num_kv_heads, 0, config_.head_dim});
    layer.v = at::empty_like(layer.k);
  }
  return state;
}

}  // namespace kvferry
