// SPDX-License-Identifier: MIT
//
// Which model a KV cache belongs to: enough to refuse a cache that another
// model, another tokenizer or another RoPE configuration made.
#pragma once

#include <optional>
#include <string>

#include "protocol/base/digest.h"

namespace kvferry {

enum class ElementType : std::uint8_t { kF16 = 0, kBF16 = 1, kF32 = 2 };

struct ModelIdentity {
  static constexpr std::size_t kMaxArchitectureBytes = 128;
  static constexpr std::uint32_t kMaxLayers = 1024;
  static constexpr std::uint32_t kMaxHeads = 1024;
  static constexpr std::uint32_t kMaxHeadDim = 4096;

  std::string architecture;  // "LlamaForCausalLM", "Qwen2ForCausalLM", ...
  std::uint32_t layers = 0;
  std::uint32_t kv_heads = 0;
  std::uint32_t head_dim = 0;
  double rope_theta = 0;
  bool k_after_rope = true;  // K is stored after the rotation
  ElementType dtype = ElementType::kF16;
  Digest tokenizer;
  Digest weights;

  bool operator==(const ModelIdentity&) const = default;

  [[nodiscard]] Result<void> validate() const;

  // Key and value bytes of one token in FP16, all layers.
  [[nodiscard]] std::uint64_t fp16_bytes_per_token() const {
    return std::uint64_t{layers} * kv_heads * head_dim * 2 * 2;
  }

  template <typename Visitor>
  void fields(Visitor& v) {
    v.text(0, "architecture", architecture, kMaxArchitectureBytes);
    v.number(1, "layers", layers, kMaxLayers);
    v.number(2, "kv_heads", kv_heads, kMaxHeads);
    v.number(3, "head_dim", head_dim, kMaxHeadDim);
    v.real(4, "rope_theta", rope_theta);
    v.flag(5, "k_after_rope", k_after_rope);
    v.choice(6, "dtype", dtype, ElementType::kF32);
    v.digest(7, "tokenizer", tokenizer);
    v.digest(8, "weights", weights);
  }
};

// The first field in which the two differ, in words; nothing when they agree.
[[nodiscard]] std::optional<std::string> mismatch(const ModelIdentity& mine, const ModelIdentity& theirs);

}  // namespace kvferry
