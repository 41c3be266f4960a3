// SPDX-License-Identifier: MIT
#include "model/attention.h"

#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "model/injection.h"
#include "model/templates.h"

namespace kvferry {
namespace {

constexpr int64_t kPieceTokens = 256;

// [H, ...] -> [G, ...], the mean over the query heads of each KV head.
at::Tensor mean_over_group(const at::Tensor& heads, int64_t groups) {
  return heads.view({groups, heads.size(0) / groups, heads.size(1)}).mean(1);
}

std::vector<float> values_of(const at::Tensor& tensor) {
  const auto contiguous = tensor.contiguous();
  const auto* data = contiguous.data_ptr<float>();
  return {data, data + contiguous.numel()};
}

class Source {
 public:
  Source(const Reader& reader, const KvCache& full, AttentionContext context)
      : reader_(reader), full_(full), context_(std::move(context)) {}

  Result<std::vector<float>> operator()(AttentionScore score) const {
    switch (score) {
      case AttentionScore::kQ2c:
        return reader_.question_attention(full_, context_.question);
      case AttentionScore::kH2o:
        return observed();
      case AttentionScore::kSnapKv:
        return windowed();
      case AttentionScore::kTemplates: {
        const auto layers = of_templates();
        if (!layers) return layers.error();
        return values_of(layers->mean(0));
      }
      case AttentionScore::kQ2cPeak:
        return reader_.question_peaks(full_, context_.question);
      case AttentionScore::kTemplatesPeak:
        return peaks_of_templates();
      case AttentionScore::kLayers:
        return importance();
    }
    return Error{"attention: unknown score"};
  }

 private:
  Result<std::vector<int64_t>> document() const {
    if (auto fit = reader_.fits(full_); !fit) return fit.error();
    auto ids = reader_.document_tokens(context_.document);
    if (ids.size() == full_.token_count()) return ids;
    return Error{"attention: the document has " + std::to_string(ids.size()) + " tokens, the cache " +
                 std::to_string(full_.token_count())};
  }

  Result<std::vector<float>> observed() const {
    const auto ids = document();
    if (!ids) return ids.error();
    return values_of(observed_attention(reader_.decoder(), *ids).mean(0).mean(0));
  }

  Result<std::vector<float>> windowed() const {
    const auto ids = document();
    if (!ids) return ids.error();
    const auto& [window_tokens, kernel] = context_.snapkv;
    if (window_tokens < 1 || kernel < 1 || kernel % 2 == 0) {
      return Error{"snapkv: window " + std::to_string(window_tokens) + " and kernel " +
                   std::to_string(kernel) + ", expected a window of at least 1 and an odd kernel"};
    }
    const c10::NoGradGuard no_grad;
    auto scores = values_of(
        window_attention(reader_.decoder(), *ids, state_of(full_), context_.snapkv).mean(0).mean(0));
    const auto window = std::min<size_t>(static_cast<size_t>(window_tokens), scores.size() / 2);
    const auto first = scores.end() - static_cast<std::ptrdiff_t>(window);
    const auto highest = *std::max_element(scores.begin(), scores.end());
    std::fill(first, scores.end(), std::nextafter(highest, std::numeric_limits<float>::infinity()));
    return scores;
  }

  Result<std::vector<std::string>> templates() const {
    auto questions = context_.templates.empty() ? question_templates(context_.document) : context_.templates;
    if (!questions.empty()) return questions;
    return Error{"templates: none for this document, expected names in it that they ask for, or questions"};
  }

  // The root of the mean square over the templates.
  Result<std::vector<float>> peaks_of_templates() const {
    const auto questions = templates();
    if (!questions) return questions.error();
    std::vector<double> squares(full_.token_count());
    for (const auto& question : *questions) {
      const auto peaks = reader_.question_peaks(full_, reader_.question_tokens(question));
      if (!peaks) return peaks.error();
      for (size_t row = 0; row < squares.size(); ++row) {
        squares[row] += static_cast<double>((*peaks)[row]) * static_cast<double>((*peaks)[row]);
      }
    }
    std::vector<float> peaks;
    for (const double square : squares) {
      peaks.push_back(static_cast<float>(std::sqrt(square / static_cast<double>(questions->size()))));
    }
    return peaks;
  }

  // Mean over the templates, [L, T].
  Result<at::Tensor> of_templates() const {
    const auto questions = templates();
    if (!questions) return questions.error();
    at::Tensor sum;
    for (const auto& question : *questions) {
      const auto layers = reader_.layer_attention(full_, reader_.question_tokens(question));
      if (!layers) return layers.error();
      sum = sum.defined() ? sum + *layers : *layers;
    }
    return sum / static_cast<double>(questions->size());
  }

  Result<std::vector<float>> importance() const {
    const auto layers =
        context_.question.empty() ? of_templates() : reader_.layer_attention(full_, context_.question);
    if (!layers) return layers.error();
    auto shares = values_of(layers->narrow(1, 1, layers->size(1) - 1).sum(1));
    const auto best = *std::max_element(shares.begin(), shares.end());
    if (best > 0) {
      for (auto& share : shares) share /= best;
    }
    return shares;
  }

  const Reader& reader_;
  const KvCache& full_;
  AttentionContext context_;
};

}  // namespace

at::Tensor observed_attention(const Decoder& decoder, const std::vector<int64_t>& document) {
  const c10::NoGradGuard no_grad;
  const auto& config = decoder.config();
  const auto tokens = static_cast<int64_t>(document.size());
  const auto ids = tensor_of(document);
  auto sums = at::zeros({config.num_layers, config.num_kv_heads, tokens});
  auto state = decoder.empty_state();
  for (int64_t begin = 0; begin < tokens; begin += kPieceTokens) {
    const auto count = std::min(kPieceTokens, tokens - begin);
    (void)decoder.forward_cached(ids.narrow(0, begin, count), at::arange(begin, begin + count), state,
                                 [&](int64_t layer, const at::Tensor& p) {
                                   sums[layer].narrow(1, 0, begin + count) +=
                                       mean_over_group(p.sum(1), config.num_kv_heads);
                                 });
  }
  return sums / at::arange(tokens, 0, -1);
}

at::Tensor window_attention(const Decoder& decoder, const std::vector<int64_t>& document, DecoderState state,
                            const SnapKvOptions& options) {
  const c10::NoGradGuard no_grad;
  const auto& config = decoder.config();
  const auto tokens = static_cast<int64_t>(document.size());
  const auto window = std::min(options.window, tokens / 2);
  const auto before = tokens - window;
  for (auto& layer : state) {
    layer.k = layer.k.narrow(1, 0, before);
    layer.v = layer.v.narrow(1, 0, before);
  }
  auto scores = at::empty({config.num_layers, config.num_kv_heads, tokens});
  (void)decoder.forward_cached(
      tensor_of(document).narrow(0, before, window), at::arange(before, tokens), state,
      [&](int64_t layer, const at::Tensor& p) {
        const auto seen = mean_over_group(p.narrow(2, 0, before).mean(1), config.num_kv_heads);
        const auto pooled = at::avg_pool1d(seen, {options.kernel}, {1}, {options.kernel / 2});
        scores[layer].narrow(1, 0, before).copy_(pooled);
        scores[layer].narrow(1, before, window).fill_(pooled.max());
      });
  return scores;
}

AttentionSource make_attention_source(const Reader& reader, const KvCache& full, AttentionContext context) {
  return Source(reader, full, std::move(context));
}

}  // namespace kvferry
