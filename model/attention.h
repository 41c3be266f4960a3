// SPDX-License-Identifier: MIT
//
// What selection asks of the model about a document's cache: how much attention each row gets, and each
// layer gives.
//
// Shapes: L layers, G KV heads, T document tokens. Scores of a KV head are means over its query heads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "codec/select/scores.h"
#include "model/reader.h"

namespace kvferry {

// Attention that each row gets from itself and all later tokens of the document, divided by their number,
// [L, G, T]: H2O (Zhang et al. 2023) with kvpress' normalisation, without which early rows win by being
// early. Reads the document anew, in pieces, so that no [T, T] is ever held.
[[nodiscard]] at::Tensor observed_attention(const Decoder& decoder, const std::vector<int64_t>& document);

struct SnapKvOptions {
  int64_t window = 32;  // tokens; at most half of the document is taken
  int64_t kernel = 5;   // rows averaged around each one; odd
};

// Attention that each row before the window gets from the window's tokens, mean over them, then averaged over
// `kernel` rows with zeros beyond the ends, [L, G, T]: SnapKV (Li et al. 2024). The window's own rows have
// the highest score of their layer. `state` holds the document's rows.
[[nodiscard]] at::Tensor window_attention(const Decoder& decoder, const std::vector<int64_t>& document,
                                          DecoderState state, const SnapKvOptions& options);

// What an attention source knows beside the cache.
struct AttentionContext {
  std::string document = {};                // the text that the cache was made of
  std::vector<int64_t> question = {};       // tokens; empty: none
  std::vector<std::string> templates = {};  // questions; empty: question_templates() of the document
  SnapKvOptions snapkv = {};
};

// One score a row, means over layers and heads. kSnapKv puts the window's rows before all others; kTemplates
// is the mean of q2c over the templates. kLayers: the share of the question's attention (without one, of the
// templates') that goes to the document's rows but the first, which draws attention as such; the best layer
// has 1. Errors: kQ2c without a question, or a document without templates.
// `reader` and `full` (the document's whole cache) must outlive the source.
[[nodiscard]] AttentionSource make_attention_source(const Reader& reader, const KvCache& full,
                                                    AttentionContext context);

}  // namespace kvferry
