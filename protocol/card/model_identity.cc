// SPDX-License-Identifier: MIT
#include "protocol/card/model_identity.h"

#include <cmath>

namespace kvferry {
namespace {

Error bad(const std::string& field, const std::string& expected) {
  return Error{"model identity: " + field + ": expected " + expected};
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

}  // namespace

Result<void> ModelIdentity::validate() const {
  if (architecture.size() > kMaxArchitectureBytes) return bad("architecture", "at most 128 bytes");
  if (layers < 1 || layers > kMaxLayers) return bad("layers " + std::to_string(layers), "1 to 1024");
  if (kv_heads < 1 || kv_heads > kMaxHeads) return bad("kv_heads " + std::to_string(kv_heads), "1 to 1024");
  if (head_dim < 1 || head_dim > kMaxHeadDim) return bad("head_dim " + std::to_string(head_dim), "1 to 4096");
  if (!std::isfinite(rope_theta) || rope_theta < 0) return bad("rope_theta", "a finite number, not negative");
  return {};
}

std::optional<std::string> mismatch(const ModelIdentity& mine, const ModelIdentity& theirs) {
  auto differ = [](const char* field, const std::string& a, const std::string& b) {
    return std::string("model mismatch: ") + field + " is " + b + ", expected " + a;
  };
  if (mine.architecture != theirs.architecture) {
    return differ("architecture", mine.architecture, theirs.architecture);
  }
  if (mine.layers != theirs.layers) {
    return differ("layers", std::to_string(mine.layers), std::to_string(theirs.layers));
  }
  if (mine.kv_heads != theirs.kv_heads) {
    return differ("kv_heads", std::to_string(mine.kv_heads), std::to_string(theirs.kv_heads));
  }
  if (mine.head_dim != theirs.head_dim) {
    return differ("head_dim", std::to_string(mine.head_dim), std::to_string(theirs.head_dim));
  }
  if (mine.rope_theta != theirs.rope_theta) {
    return differ("rope_theta", number(mine.rope_theta), number(theirs.rope_theta));
  }
  if (mine.k_after_rope != theirs.k_after_rope) {
    return differ("k_after_rope", mine.k_after_rope ? "true" : "false",
                  theirs.k_after_rope ? "true" : "false");
  }
  if (mine.dtype != theirs.dtype) {
    return differ("dtype", std::to_string(static_cast<int>(mine.dtype)),
                  std::to_string(static_cast<int>(theirs.dtype)));
  }
  if (mine.tokenizer != theirs.tokenizer)
    return differ("tokenizer", mine.tokenizer.hex(), theirs.tokenizer.hex());
  if (mine.weights != theirs.weights) return differ("weights", mine.weights.hex(), theirs.weights.hex());
  return std::nullopt;
}

}  // namespace kvferry
