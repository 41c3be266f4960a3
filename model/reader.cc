// SPDX-License-Identifier: MIT
#include "model/reader.h"

#include <c10/core/GradMode.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <utility>

#include "codec/select/select.h"
#include "model/injection.h"
#include "model/prompt.h"

namespace kvferry {
namespace {

using Stopwatch = std::chrono::steady_clock;

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

std::vector<int64_t> Reader::answer_tokens(const std::string& answer) const {
  return tokenizer_.encode(answer + " " + kEndMark);
}

std::string Reader::text_of(const std::vector<int64_t>& tokens) const { return tokenizer_.decode(tokens); }

std::vector<std::string> Reader::unknown_words(const std::string& text) const {
  return tokenizer_.unknown_words(text);
}

Result<std::vector<int64_t>> Reader::checked_document(const std::string& document) const {
  auto ids = document_tokens(document);
  if (ids.size() < 2) return Error{"document: expected text, found none"};
  if (static_cast<int64_t>(ids.size()) > config().max_positions) {
    return Error{"document: " + std::to_string(ids.size()) + " tokens, the model takes at most " +
                 std::to_string(config().max_positions)};
  }
  return ids;
}

Result<KvCache> Reader::prefill(const std::string& document) const {
  const auto ids = checked_document(document);
  if (!ids) return ids.error();
  std::vector<uint32_t> all(ids->size());
  std::iota(all.begin(), all.end(), 0U);
  return prefill_masked(document, all);
}

Result<KvCache> Reader::prefill_masked(const std::string& document,
                                       std::span<const uint32_t> kept_rows) const {
  const c10::NoGradGuard no_grad;
  const auto ids = checked_document(document);
  if (!ids) return ids.error();
  std::vector<int64_t> kept;
  std::vector<int32_t> positions;
  for (const auto row : kept_rows) {
    if (row >= ids->size()) {
      return Error{"document: kept row " + std::to_string(row) + ", expected below " +
                   std::to_string(ids->size())};
    }
    kept.push_back((*ids)[row]);
    positions.push_back(static_cast<int32_t>(row));
  }
  if (kept.empty()) return Error{"document: expected at least one kept row"};
  auto state = decoder_->empty_state();
  (void)decoder_->forward_cached(tensor_of(kept), at::tensor(positions, at::kInt), state);
  return cache_of(state, geometry(), positions, static_cast<uint32_t>(ids->size()));
}

Result<KvCache> Reader::read_on(const KvCache& before, uint32_t prefix, const std::string& document) const {
  const c10::NoGradGuard no_grad;
  const auto ids = checked_document(document);
  if (!ids) return ids.error();
  if (auto fit = fits(before); !fit) return fit.error();
  if (prefix > ids->size()) {
    return Error{"document: a prefix of " + std::to_string(prefix) + " tokens, expected at most " +
                 std::to_string(ids->size())};
  }
  if (prefix == 0) return prefill(document);
  std::vector<uint32_t> rows(prefix);
  std::iota(rows.begin(), rows.end(), 0U);
  const auto known = keep_rows(before, rows);
  if (!known) return known.error();
  auto state = state_of(*known);
  const std::vector<int64_t> rest(ids->begin() + prefix, ids->end());
  if (!rest.empty())
    (void)decoder_->forward_cached(tensor_of(rest), positions_from(prefix, rest.size()), state);
  std::vector<int32_t> positions(ids->size());
  std::iota(positions.begin(), positions.end(), 0);
  return cache_of(state, geometry(), positions, static_cast<uint32_t>(ids->size()));
}

Result<void> Reader::fits(const KvCache& cache) const {
  if (cache.geometry() == geometry()) return {};
  return Error{"cache: its layers, heads or head size are not this model's"};
}

Result<DecoderState> Reader::open_state(const KvCache& cache, const Reading& reading) const {
  if (auto fit = fits(cache); !fit) return fit.error();
  auto state = state_of(cache);
  if (auto hidden = hide_rows(state, reading.hidden); !hidden) return hidden.error();
  return state;
}

// The summary is text, wherever it comes from: marks in it are left out.
std::vector<int64_t> Reader::prompt(const std::string& question, const Reading& reading) const {
  auto ids = tokenizer_.encode(reading.summary);
  std::erase_if(ids, [&](int64_t id) {
    return id != tokenizer_.unknown_id() &&
           (id == tokenizer_.id(kDocumentMark) || id == tokenizer_.id(kQuestionMark) ||
            id == tokenizer_.id(kAnswerMark) || id == tokenizer_.id(kEndMark));
  });
  const auto asked = question_tokens(question);
  ids.insert(ids.end(), asked.begin(), asked.end());
  return ids;
}

Result<Answer> Reader::answer(const KvCache& cache, const std::string& question,
                              const Reading& reading) const {
  const c10::NoGradGuard no_grad;
  const auto begun = Stopwatch::now();
  Answer answer;
  auto state = open_state(cache, reading);
  if (!state) return state.error();
  answer.inject = Stopwatch::now() - begun;
  generate(*state, cache.next_position(), question, reading, begun, answer);
  return answer;
}

Result<SharedCache> Reader::share(const KvCache& cache) const {
  if (auto fit = fits(cache); !fit) return fit.error();
  return SharedCache{state_of(cache), cache.geometry(), cache.next_position(), cache.token_count()};
}

Result<Answer> Reader::answer(const SharedCache& shared, const KvCache* own, const std::string& question,
                              const Reading& reading) const {
  const c10::NoGradGuard no_grad;
  const auto begun = Stopwatch::now();
  if (own != nullptr && (own->geometry() != shared.geometry || own->token_count() != shared.token_count))
    return Error{"a reader's own rows are of another shape or document than the shared cache"};
  Answer answer;
  auto state = share_state(shared.rows, own);
  if (auto hidden = hide_rows(state, reading.hidden); !hidden) return hidden.error();
  answer.inject = Stopwatch::now() - begun;
  generate(state, shared.next_position, question, reading, begun, answer);
  return answer;
}

void Reader::generate(DecoderState& state, int64_t position, const std::string& question,
                      const Reading& reading, Stopwatch::time_point begun, Answer& answer) const {
  auto ids = prompt(question, reading);
  for (int i = 0; i < reading.max_tokens; ++i) {
    const auto hidden = decoder_->forward_cached(tensor_of(ids), positions_from(position, ids.size()), state);
    position += static_cast<int64_t>(ids.size());
    const auto next = decoder_->logits(hidden[-1]).argmax().item<int64_t>();
    if (i == 0) answer.first_token = Stopwatch::now() - begun;
    if (next == tokenizer_.id(kEndMark)) break;
    answer.tokens.push_back(next);
    ids = {next};
  }
  answer.total = Stopwatch::now() - begun;
  answer.text = tokenizer_.decode(answer.tokens);
}

Result<KvCache> Reader::remember(const KvCache& cache, const std::string& question, const Answer& answer,
                                 const Reading& reading) const {
  const c10::NoGradGuard no_grad;
  auto state = open_state(cache, reading);
  if (!state) return state.error();
  auto ids = prompt(question, reading);
  ids.insert(ids.end(), answer.tokens.begin(), answer.tokens.end());
  ids.push_back(tokenizer_.id(kEndMark));
  const auto tokens = cache.token_count() + static_cast<uint32_t>(ids.size());
  if (std::cmp_greater(tokens, config().max_positions)) {
    return Error{"the document and what was asked of it: " + std::to_string(tokens) +
                 " tokens, the model takes at most " + std::to_string(config().max_positions)};
  }
  (void)decoder_->forward_cached(tensor_of(ids), positions_from(cache.next_position(), ids.size()), *state);
  std::vector<std::vector<int32_t>> positions;
  for (size_t layer = 0; layer < cache.geometry().layers; ++layer) {
    const auto kept = cache.positions(layer);
    auto& rows = positions.emplace_back(kept.begin(), kept.end());
    for (uint32_t position = cache.token_count(); position < tokens; ++position)
      rows.push_back(static_cast<int32_t>(position));
  }
  return cache_of(*state, geometry(), std::move(positions), tokens);
}

Result<Duration> Reader::time_prefill(uint64_t tokens) const {
  if (std::cmp_greater(tokens, config().max_positions)) {
    return Error{std::to_string(tokens) + " tokens, the model takes at most " +
                 std::to_string(config().max_positions)};
  }
  const c10::NoGradGuard no_grad;
  const std::vector<int64_t> ids(tokens, tokenizer_.unknown_id());
  const auto started = Stopwatch::now();
  auto state = decoder_->empty_state();
  (void)decoder_->forward_cached(tensor_of(ids), positions_from(0, ids.size()), state);
  return Duration(Stopwatch::now() - started);
}

Result<void> Reader::observe_question(const KvCache& cache, const std::vector<int64_t>& question,
                                      const AttentionObserver& observer) const {
  if (auto fit = fits(cache); !fit) return fit.error();
  if (question.empty()) return Error{"question attention: expected a question, found no token"};
  for (size_t layer = 1; layer < cache.geometry().layers; ++layer) {
    if (!std::ranges::equal(cache.positions(layer), cache.positions(0)))
      return Error{"question attention: layer " + std::to_string(layer) +
                   " has other rows than layer 0, expected the same in all"};
  }
  const c10::NoGradGuard no_grad;
  auto state = state_of(cache);
  (void)decoder_->forward_cached(tensor_of(question), positions_from(cache.next_position(), question.size()),
                                 state, observer);
  return {};
}

Result<at::Tensor> Reader::layer_attention(const KvCache& cache, const std::vector<int64_t>& question) const {
  const auto rows = static_cast<int64_t>(cache.rows(0));
  auto scores = at::empty({config().num_layers, rows});
  const auto observed = observe_question(cache, question, [&](int64_t layer, const at::Tensor& p) {
    scores[layer] = p.narrow(2, 0, rows).mean(0).mean(0);
  });
  if (!observed) return observed.error();
  return scores;
}

Result<std::vector<float>> Reader::question_peaks(const KvCache& cache,
                                                  const std::vector<int64_t>& question) const {
  const auto rows = static_cast<int64_t>(cache.rows(0));
  auto squares = at::zeros({rows});
  const auto observed = observe_question(cache, question, [&](int64_t, const at::Tensor& p) {
    squares += p.narrow(2, 0, rows).square().mean(0).mean(0);
  });
  if (!observed) return observed.error();
  const auto peaks = (squares / static_cast<double>(config().num_layers)).sqrt();
  const auto* data = peaks.data_ptr<float>();
  return std::vector<float>(data, data + peaks.numel());
}

Result<std::vector<float>> Reader::question_attention(const KvCache& cache,
                                                      const std::vector<int64_t>& question) const {
  const auto layers = layer_attention(cache, question);
  if (!layers) return layers.error();
  const auto mean = layers->mean(0);
  const auto* data = mean.data_ptr<float>();
  return std::vector<float>(data, data + mean.numel());
}

Result<at::Tensor> Reader::gold_log_probabilities(const KvCache& cache, const std::string& question,
                                                  const std::vector<int64_t>& gold,
                                                  const Reading& reading) const {
  auto state = open_state(cache, reading);
  if (!state) return state.error();
  auto ids = prompt(question, reading);
  ids.insert(ids.end(), gold.begin(), gold.end() - 1);
  const auto hidden =
      decoder_->forward_cached(tensor_of(ids), positions_from(cache.next_position(), ids.size()), *state);
  const auto count = static_cast<int64_t>(gold.size());
  return decoder_->logits(hidden.narrow(0, hidden.size(0) - count, count)).to(at::kDouble).log_softmax(-1);
}

Result<GoldReference> Reader::reference(const KvCache& full, const std::string& question,
                                        const std::string& gold) const {
  const c10::NoGradGuard no_grad;
  const auto target = answer_tokens(gold);
  auto logs = gold_log_probabilities(full, question, target, {});
  if (!logs) return logs.error();
  return GoldReference{target, std::move(*logs)};
}

Result<Fidelity> Reader::compare(const GoldReference& full, const KvCache& cache, const std::string& question,
                                 const Reading& reading) const {
  const c10::NoGradGuard no_grad;
  const auto cache_logs = gold_log_probabilities(cache, question, full.tokens, reading);
  if (!cache_logs) return cache_logs.error();
  const auto &p = full.log_probabilities, &q = *cache_logs;
  const auto at_gold = [&](const at::Tensor& logs) {
    return -logs.gather(1, tensor_of(full.tokens).unsqueeze(1)).sum().item<double>();
  };
  Fidelity out;
  out.kl_sum = (p.exp() * (p - q)).sum().item<double>();
  out.top1_agree = p.argmax(-1).eq(q.argmax(-1)).sum().item<int64_t>();
  out.tokens = static_cast<int64_t>(full.tokens.size());
  out.nll_full_sum = at_gold(p);
  out.nll_sum = at_gold(q);
  return out;
}

Result<Fidelity> Reader::compare(const KvCache& full, const KvCache& cache, const std::string& question,
                                 const std::string& gold, const Reading& reading) const {
  const auto expected = reference(full, question, gold);
  if (!expected) return expected.error();
  return compare(*expected, cache, question, reading);
}

}  // namespace kvferry
