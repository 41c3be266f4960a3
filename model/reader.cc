// SPDX-License-Identifier: MIT
#include "model/reader.h"

#include <ATen/ops/from_blob.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <chrono>

#include "codec/torch/tensors.h"
#include "model/prompt.h"

namespace kvferry {
namespace {

using Stopwatch = std::chrono::steady_clock;

at::Tensor tensor_of(const std::vector<int64_t>& ids) { return at::tensor(ids, at::kLong); }

at::Tensor positions_from(int64_t first, size_t count) {
  return at::arange(first, first + static_cast<int64_t>(count));
}

DecoderState state_of(const KvCache& cache) {
  DecoderState state(cache.geometry().layers);
  for (size_t i = 0; i < state.size(); ++i) {
    state[i].k = to_tensor(cache.key(i));
    state[i].v = to_tensor(cache.value(i));
  }
  return state;
}

}  // namespace

Fidelity& Fidelity::operator+=(const Fidelity& other) {
  kl_sum += other.kl_sum;
  top1_agree += other.top1_agree;
  tokens += other.tokens;
  nll_full_sum += other.nll_full_sum;
  nll_sum += other.nll_sum;
  return *this;
}

Reader::Reader(Checkpoint checkpoint)
    : decoder_(std::make_shared<Decoder>(checkpoint.config, std::move(checkpoint.weights))),
      tokenizer_(std::move(checkpoint.tokenizer)),
      identity_(std::move(checkpoint.identity)) {}

Result<Reader> Reader::open(const std::filesystem::path& folder) {
  auto checkpoint = read_checkpoint(folder);
  if (!checkpoint) return checkpoint.error();
  return Reader(std::move(*checkpoint));
}

KvGeometry Reader::geometry() const {
  const auto& c = config();
  return {static_cast<uint32_t>(c.num_layers), static_cast<uint32_t>(c.num_kv_heads),
          static_cast<uint32_t>(c.head_dim)};
}

std::vector<int64_t> Reader::document_tokens(const std::string& text) const {
  return kvferry::document_tokens(tokenizer_, text);
}

std::vector<int64_t> Reader::question_tokens(const std::string& question) const {
  return kvferry::question_tokens(tokenizer_, question);
}

std::vector<std::string> Reader::unknown_words(const std::string& text) const {
  return tokenizer_.unknown_words(text);
}

Result<KvCache> Reader::prefill(const std::string& document) const {
  const c10::NoGradGuard no_grad;
  const auto ids = document_tokens(document);
  if (ids.size() < 2) return Error{"document: expected text, found none"};
  if (static_cast<int64_t>(ids.size()) > config().max_positions) {
    return Error{"document: " + std::to_string(ids.size()) + " tokens, the model takes at most " +
                 std::to_string(config().max_positions)};
  }
  auto cache = KvCache::create_full(geometry(), static_cast<uint32_t>(ids.size()));
  if (!cache) return cache.error();
  auto state = decoder_->empty_state();
  (void)decoder_->forward_cached(tensor_of(ids), positions_from(0, ids.size()), state);
  for (size_t i = 0; i < state.size(); ++i) {
    copy_to_half(state[i].k, cache->key_data(i));
    copy_to_half(state[i].v, cache->value_data(i));
  }
  return cache;
}

Result<void> Reader::fits(const KvCache& cache) const {
  if (cache.geometry() == geometry()) return {};
  return Error{"cache: its layers, heads or head size are not this model's"};
}

Result<Answer> Reader::answer(const KvCache& cache, const std::string& question, int max_tokens) const {
  if (auto fit = fits(cache); !fit) return fit.error();
  const c10::NoGradGuard no_grad;
  const auto started = Stopwatch::now();
  const auto elapsed = [&] { return std::chrono::duration_cast<Duration>(Stopwatch::now() - started); };
  Answer answer;
  auto state = state_of(cache);
  answer.inject = elapsed();
  auto ids = question_tokens(question);
  int64_t position = cache.next_position();
  for (int i = 0; i < max_tokens; ++i) {
    const auto hidden = decoder_->forward_cached(tensor_of(ids), positions_from(position, ids.size()), state);
    position += static_cast<int64_t>(ids.size());
    const auto next = decoder_->logits(hidden[-1]).argmax().item<int64_t>();
    if (i == 0) answer.first_token = elapsed();
    if (next == tokenizer_.id(kEndMark)) break;
    answer.tokens.push_back(next);
    ids = {next};
  }
  answer.total = elapsed();
  answer.text = tokenizer_.decode(answer.tokens);
  return answer;
}

Result<std::vector<float>> Reader::question_attention(const KvCache& full,
                                                      const std::vector<int64_t>& question) const {
  if (auto fit = fits(full); !fit) return fit.error();
  if (full.rows(0) != full.token_count()) return Error{"question attention: expected the full cache"};
  const c10::NoGradGuard no_grad;
  const auto rows = static_cast<int64_t>(full.token_count());
  auto sum = at::zeros({rows});
  auto state = state_of(full);
  (void)decoder_->forward_cached(
      tensor_of(question), positions_from(full.next_position(), question.size()), state,
      [&](int64_t, const at::Tensor& p) { sum += p.narrow(2, 0, rows).mean(0).mean(0); });
  sum /= static_cast<double>(state.size());
  const auto* data = sum.data_ptr<float>();
  return std::vector<float>(data, data + rows);
}

at::Tensor Reader::gold_log_probabilities(const KvCache& cache, const std::vector<int64_t>& question,
                                          const std::vector<int64_t>& gold) const {
  auto ids = question;
  ids.insert(ids.end(), gold.begin(), gold.end() - 1);
  auto state = state_of(cache);
  const auto hidden =
      decoder_->forward_cached(tensor_of(ids), positions_from(cache.next_position(), ids.size()), state);
  const auto count = static_cast<int64_t>(gold.size());
  return decoder_->logits(hidden.narrow(0, hidden.size(0) - count, count)).to(at::kDouble).log_softmax(-1);
}

Result<Fidelity> Reader::compare(const KvCache& full, const KvCache& cache, const std::string& question,
                                 const std::string& gold) const {
  for (const auto* one : {&full, &cache}) {
    if (auto fit = fits(*one); !fit) return fit.error();
  }
  const c10::NoGradGuard no_grad;
  const auto prompt = question_tokens(question);
  const auto target = tokenizer_.encode(gold + " " + kEndMark);
  const auto p = gold_log_probabilities(full, prompt, target);
  const auto q = gold_log_probabilities(cache, prompt, target);
  const auto at_gold = [&](const at::Tensor& logs) {
    return -logs.gather(1, tensor_of(target).unsqueeze(1)).sum().item<double>();
  };
  Fidelity out;
  out.kl_sum = (p.exp() * (p - q)).sum().item<double>();
  out.top1_agree = p.argmax(-1).eq(q.argmax(-1)).sum().item<int64_t>();
  out.tokens = static_cast<int64_t>(target.size());
  out.nll_full_sum = at_gold(p);
  out.nll_sum = at_gold(q);
  return out;
}

}  // namespace kvferry
