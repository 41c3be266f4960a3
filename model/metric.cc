// SPDX-License-Identifier: MIT
#include "model/metric.h"

#include <limits>

#include "codec/transform/rope.h"
#include "model/injection.h"
#include "model/prompt.h"

namespace kvferry {
namespace {

// Sums of outer products, [channels, channels] each, in double.
class MetricSums {
 public:
  explicit MetricSums(const KvGeometry& geometry) : geometry_(geometry) {
    const auto channels = static_cast<int64_t>(geometry.channels());
    for (size_t i = 0; i < 2 * size_t{geometry.layers}; ++i) {
      sums_.push_back(at::zeros({channels, channels}, at::kDouble));
    }
  }

  // gradient [G, R, C] of a layer's K or V; of K as it is after RoPE.
  void add(size_t layer, KvTensor tensor, const at::Tensor& gradient, std::span<const int32_t> positions,
           double theta) {
    auto rows = gradient.permute({1, 0, 2}).contiguous();
    if (tensor == KvTensor::kKey) {
      undo_rope(rows.data_ptr<float>(), positions, geometry_.kv_heads, geometry_.head_dim, theta);
    }
    const auto flat = rows.flatten(1).to(at::kDouble);
    sums_[layer * 2 + static_cast<size_t>(tensor)] += at::mm(flat.t(), flat);
  }
  void count_token() { ++tokens_; }

  [[nodiscard]] AnswerMetric mean() const {
    AnswerMetric metric;
    for (const auto& sum : sums_) {
      const auto scaled = (sum / static_cast<double>(std::max<int64_t>(tokens_, 1))).contiguous();
      const auto* data = scaled.data_ptr<double>();
      metric.matrices.emplace_back(data, data + scaled.numel());
    }
    return metric;
  }

 private:
  KvGeometry geometry_;
  std::vector<at::Tensor> sums_;  // [layer * 2 + tensor]
  int64_t tokens_ = 0;
};

// Of the likeliest token against all others, from log probabilities [vocabulary].
at::Tensor log_odds(const at::Tensor& logs) {
  const auto top = logs.argmax();
  const auto others = logs.index_fill(0, top, -std::numeric_limits<double>::infinity());
  return logs.index_select(0, top.view({1})).sum() - others.logsumexp(0);
}

void add_question(const Reader& reader, const KvCache& cache, const Question& question, MetricSums& sums) {
  auto state = state_of(cache);
  std::vector<std::pair<at::Tensor, at::Tensor>> leaves;
  for (auto& layer : state) {
    layer.k.requires_grad_();
    layer.v.requires_grad_();
    leaves.emplace_back(layer.k, layer.v);
  }
  const auto answer = reader.answer_tokens(question.answer);
  auto ids = reader.question_tokens(question.text);
  ids.insert(ids.end(), answer.begin(), answer.end() - 1);
  const auto hidden = reader.decoder().forward_cached(
      tensor_of(ids), positions_from(cache.next_position(), ids.size()), state);
  const auto count = static_cast<int64_t>(answer.size());
  const auto logs = reader.decoder()
                        .logits(hidden.narrow(0, hidden.size(0) - count, count))
                        .to(at::kDouble)
                        .log_softmax(-1);
  for (int64_t token = 0; token < count; ++token) {
    log_odds(logs[token]).backward({}, /*retain_graph=*/true);
    for (size_t layer = 0; layer < leaves.size(); ++layer) {
      auto& [key, value] = leaves[layer];
      const auto positions = cache.positions(layer);
      sums.add(layer, KvTensor::kKey, key.grad(), positions, reader.config().rope_theta);
      sums.add(layer, KvTensor::kValue, value.grad(), positions, reader.config().rope_theta);
      key.mutable_grad().reset();
      value.mutable_grad().reset();
    }
    sums.count_token();
  }
}

}  // namespace

Result<AnswerMetric> measure_metric(const Reader& reader, std::span<const Document> documents,
                                    size_t questions) {
  MetricSums sums(reader.geometry());
  for (const auto& document : documents) {
    const auto cache = reader.prefill(document.text);
    if (!cache) return cache.error().in("metric");
    const auto asked = std::min(questions, document.questions.size());
    for (size_t i = 0; i < asked; ++i) add_question(reader, *cache, document.questions[i], sums);
  }
  return sums.mean();
}

}  // namespace kvferry
