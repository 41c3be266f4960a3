// SPDX-License-Identifier: MIT
//
// An agent's view of its model: read a document into a KV cache, and answer questions
// from a cache, its own or one that arrived.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "codec/kv_cache.h"
#include "model/checkpoint.h"
#include "protocol/base/time.h"

namespace kvferry {

// How a cache is read.
struct Reading {
  int max_tokens = 8;                 // of an answer
  std::string summary = {};           // read before the question, as further text of the document
  std::vector<uint32_t> hidden = {};  // rows of every layer that nothing attends to
};

struct Answer {
  std::string text;
  std::vector<int64_t> tokens;  // without the end mark
  Duration inject{};            // from cache to the model's tensors
  Duration first_token{};       // question prefill (and that of a summary) and the first token
  Duration total{};             // all of it, injection included
};

// A cache as the model reads it, for many readers at once: none of them copies it.
struct SharedCache {
  DecoderState rows;
  KvGeometry geometry;
  int64_t next_position = 0;
  uint32_t token_count = 0;
};

// How close a cache comes to the full one, over the tokens of one gold answer.
struct Fidelity {
  double kl_sum = 0;       // nats, KL(full ‖ cache), summed over tokens
  int64_t top1_agree = 0;  // tokens whose most likely successor is the same
  int64_t tokens = 0;
  double nll_full_sum = 0;  // negative log-likelihood of the gold tokens, nats
  double nll_sum = 0;

  Fidelity& operator+=(const Fidelity& other);
};

// What the full cache makes of one gold answer: the side of compare() that many caches share.
struct GoldReference {
  std::vector<int64_t> tokens;   // of the answer, with the end mark
  at::Tensor log_probabilities;  // [tokens, vocabulary], double
};

class Reader {
 public:
  [[nodiscard]] static Result<Reader> open(const std::filesystem::path& folder);

  [[nodiscard]] const ModelConfig& config() const { return decoder_->config(); }
  [[nodiscard]] const Decoder& decoder() const { return *decoder_; }
  [[nodiscard]] const ModelIdentity& identity() const { return identity_; }
  [[nodiscard]] KvGeometry geometry() const;

  [[nodiscard]] std::vector<int64_t> document_tokens(const std::string& text) const;
  [[nodiscard]] std::vector<int64_t> question_tokens(const std::string& question) const;
  // With the end mark.
  [[nodiscard]] std::vector<int64_t> answer_tokens(const std::string& answer) const;
  // The words of tokens, without marks.
  [[nodiscard]] std::string text_of(const std::vector<int64_t>& tokens) const;
  // Words of the text that the tokenizer does not know, each once.
  [[nodiscard]] std::vector<std::string> unknown_words(const std::string& text) const;

  // The document's whole cache, rounded to FP16. Errors: empty or longer than the model's positions.
  [[nodiscard]] Result<KvCache> prefill(const std::string& document) const;

  // The cache of these rows (ascending) when all others were masked while it was built: no token attended to
  // them. That is a prefill of the kept tokens alone, each at its own position.
  [[nodiscard]] Result<KvCache> prefill_masked(const std::string& document,
                                               std::span<const uint32_t> kept_rows) const;

  // The document's whole cache, of which `before` has the first `prefix` tokens' rows: only the others are
  // computed, from rows rounded to FP16, so that a last bit may differ from prefill(). Errors: as there, or a
  // prefix that `before` does not hold.
  [[nodiscard]] Result<KvCache> read_on(const KvCache& before, uint32_t prefix,
                                        const std::string& document) const;

  // Greedy answer from the cache alone. The cache must be of this model's geometry; its layers may hold
  // different rows, or none.
  [[nodiscard]] Result<Answer> answer(const KvCache& cache, const std::string& question,
                                      const Reading& reading = {}) const;

  [[nodiscard]] Result<SharedCache> share(const KvCache& cache) const;
  // The same from a shared cache, and from rows of the same document that only this reader has, if there are
  // any. From any number of threads at a time.
  [[nodiscard]] Result<Answer> answer(const SharedCache& shared, const KvCache* own,
                                      const std::string& question, const Reading& reading = {}) const;

  // The cache with an answered question behind it, as in training: the tokens of summary, question, answer
  // and end mark stand in every layer, and what is asked next finds them. The error says that the model has
  // no positions left for them.
  [[nodiscard]] Result<KvCache> remember(const KvCache& cache, const std::string& question,
                                         const Answer& answer, const Reading& reading = {}) const;

  // How long the model takes here to read so many tokens; which ones does not matter. The error says that
  // they are more than its positions.
  [[nodiscard]] Result<Duration> time_prefill(uint64_t tokens) const;
  // Bytes of text that a token stands for, in the mean over the vocabulary.
  [[nodiscard]] double mean_token_bytes() const { return tokenizer_.mean_word_bytes(); }

  // One score for each row of the cache, whose layers have the same rows: the attention it gets from the
  // question's tokens, averaged over layers, heads and question tokens. This is Q2C.
  [[nodiscard]] Result<std::vector<float>> question_attention(const KvCache& cache,
                                                              const std::vector<int64_t>& question) const;

  // The same of each layer, [L, T]: a row sums to the share of attention that leaves the question.
  [[nodiscard]] Result<at::Tensor> layer_attention(const KvCache& cache,
                                                   const std::vector<int64_t>& question) const;

  // The root of the mean square over layers, heads and the question's tokens: close looks count more.
  [[nodiscard]] Result<std::vector<float>> question_peaks(const KvCache& cache,
                                                          const std::vector<int64_t>& question) const;

  // Compares the next-token distributions over `gold` after `question`: of the full cache, read plainly, and
  // of `cache`, read as told.
  [[nodiscard]] Result<Fidelity> compare(const KvCache& full, const KvCache& cache,
                                         const std::string& question, const std::string& gold,
                                         const Reading& reading = {}) const;

  // The same in two steps, for comparing many caches with one full one.
  [[nodiscard]] Result<GoldReference> reference(const KvCache& full, const std::string& question,
                                                const std::string& gold) const;
  [[nodiscard]] Result<Fidelity> compare(const GoldReference& full, const KvCache& cache,
                                         const std::string& question, const Reading& reading = {}) const;

  // Whether the cache is of this model's geometry.
  [[nodiscard]] Result<void> fits(const KvCache& cache) const;

 private:
  explicit Reader(Checkpoint checkpoint);
  [[nodiscard]] Result<std::vector<int64_t>> checked_document(const std::string& document) const;
  [[nodiscard]] Result<DecoderState> open_state(const KvCache& cache, const Reading& reading) const;
  // Reads the question from the cache, and shows the attention of each layer.
  [[nodiscard]] Result<void> observe_question(const KvCache& cache, const std::vector<int64_t>& question,
                                              const AttentionObserver& observer) const;
  [[nodiscard]] std::vector<int64_t> prompt(const std::string& question, const Reading& reading) const;
  // Greedy tokens after the state's rows, the first at `position`; answer.inject is set, its clock began
  // then.
  void generate(DecoderState& state, int64_t position, const std::string& question, const Reading& reading,
                std::chrono::steady_clock::time_point begun, Answer& answer) const;
  [[nodiscard]] Result<at::Tensor> gold_log_probabilities(const KvCache& cache, const std::string& question,
                                                          const std::vector<int64_t>& gold,
                                                          const Reading& reading) const;

  std::shared_ptr<Decoder> decoder_;
  Tokenizer tokenizer_;
  ModelIdentity identity_;
};

}  // namespace kvferry
