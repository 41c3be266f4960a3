// SPDX-License-Identifier: MIT
#include "model/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "model/adamw.h"
#include "model/prompt.h"

namespace kvferry {
namespace {

// Documents with their questions and answers as one padded block of tokens.
struct Batch {
  at::Tensor ids;                  // [B, T]
  at::Tensor places;               // indices into [B·T] whose next token is to be predicted
  at::Tensor targets;              // those next tokens
  std::vector<int64_t> answer_of;  // for each place, the answer it belongs to
  int64_t answers = 0;
};

int between(int low, int high, Rng& rng) {
  return low + static_cast<int>(rng.below(static_cast<uint64_t>(high - low + 1)));
}

DocumentSpec draw_spec(const TrainingStage& stage, Rng& rng) {
  DocumentSpec spec;
  spec.facts = between(stage.min_facts, stage.max_facts, rng);
  spec.words = between(stage.min_words, stage.max_words, rng);
  spec.paraphrased = rng.uniform() < stage.paraphrased_share;
  spec.relations = rng.uniform() < stage.few_relations_share ? between(1, 2, rng) : kRelations;
  return spec;
}

Batch make_batch(const TrainingStage& stage, const Tokenizer& tokenizer, Rng& rng) {
  std::vector<std::vector<int64_t>> rows;
  std::vector<std::vector<std::pair<size_t, int64_t>>> places;  // (position, answer) of each row
  Batch batch;
  for (int i = 0; i < stage.documents; ++i) {
    const auto document = make_document(draw_spec(stage, rng), rng);
    auto tokens = document_tokens(tokenizer, document.text);
    auto& row_places = places.emplace_back();
    const auto questions = std::min(document.questions.size(), static_cast<size_t>(stage.questions));
    for (size_t q = 0; q < questions; ++q) {
      const auto question = question_tokens(tokenizer, document.questions[q].text);
      const auto answer = tokenizer.encode(document.questions[q].answer + " " + kEndMark);
      tokens.insert(tokens.end(), question.begin(), question.end());
      for (const auto token : answer) {
        row_places.emplace_back(tokens.size() - 1, batch.answers);
        tokens.push_back(token);
      }
      ++batch.answers;
    }
    rows.push_back(std::move(tokens));
  }
  size_t longest = 0;
  for (const auto& row : rows) longest = std::max(longest, row.size());
  batch.ids = at::zeros({stage.documents, static_cast<int64_t>(longest)}, at::kLong);
  std::vector<int64_t> flat_places, targets;
  for (size_t r = 0; r < rows.size(); ++r) {
    std::copy(rows[r].begin(), rows[r].end(), batch.ids[static_cast<int64_t>(r)].data_ptr<int64_t>());
    for (const auto& [position, answer] : places[r]) {
      flat_places.push_back(static_cast<int64_t>(r * longest + position));
      targets.push_back(rows[r][position + 1]);
      batch.answer_of.push_back(answer);
    }
  }
  batch.places = at::tensor(flat_places, at::kLong);
  batch.targets = at::tensor(targets, at::kLong);
  return batch;
}

double learning_rate_at(const TrainingRecipe& recipe, int step) {
  if (step < recipe.warmup_steps) return recipe.learning_rate * (step + 1) / recipe.warmup_steps;
  const double done = static_cast<double>(step) / recipe.total_steps();
  return recipe.learning_rate * (0.02 + 0.98 * 0.5 * (1 + std::cos(M_PI * done)));
}

// Share of answers whose every token is the most likely one.
double answers_right(const at::Tensor& logits, const Batch& batch) {
  const auto hit = logits.argmax(-1).eq(batch.targets).to(at::kLong);
  std::vector<bool> right(static_cast<size_t>(batch.answers), true);
  for (size_t i = 0; i < batch.answer_of.size(); ++i) {
    if (hit.data_ptr<int64_t>()[i] == 0) right[static_cast<size_t>(batch.answer_of[i])] = false;
  }
  return static_cast<double>(std::count(right.begin(), right.end(), true)) /
         static_cast<double>(batch.answers);
}

struct StepResult {
  double loss, right;
};

StepResult train_step(const Decoder& decoder, const Batch& batch, bool bf16, AdamW& optimizer, double rate) {
  const auto hidden = decoder.forward_sequences(batch.ids, bf16 ? at::kBFloat16 : at::kFloat);
  const auto chosen = hidden.reshape({-1, hidden.size(-1)}).index_select(0, batch.places);
  const auto logits = decoder.logits(chosen);
  const auto loss = at::cross_entropy_loss(logits, batch.targets);
  loss.backward();
  optimizer.step(rate);
  return {loss.item<double>(), answers_right(logits.detach(), batch)};
}

}  // namespace

int TrainingRecipe::total_steps() const {
  int total = 0;
  for (const auto& stage : stages) total += stage.steps;
  return total;
}

Tokenizer make_document_tokenizer() {
  std::vector<std::string> words = {kUnknownMark, kDocumentMark, kQuestionMark, kAnswerMark, kEndMark};
  const auto specials = words.size();
  for (auto& word : lexicon_words()) words.push_back(std::move(word));
  return Tokenizer(std::move(words), specials);
}

void train(const TrainingRecipe& recipe, const Tokenizer& tokenizer, DecoderWeights& weights,
           int report_every, const std::function<void(const TrainingProgress&)>& report) {
  AdamW optimizer(recipe.shape, weights);
  const Decoder decoder(recipe.shape, weights);
  Rng rng(recipe.seed);
  TrainingProgress progress;
  progress.total_steps = recipe.total_steps();
  double loss = 0, right = 0;
  auto since = std::chrono::steady_clock::now();
  for (const auto& stage : recipe.stages) {
    ++progress.stage;
    for (int i = 0; i < stage.steps; ++i) {
      const auto batch = make_batch(stage, tokenizer, rng);
      const auto rate = learning_rate_at(recipe, progress.step);
      const auto result = train_step(decoder, batch, recipe.bf16_products, optimizer, rate);
      loss += result.loss;
      right += result.right;
      if (++progress.step % report_every != 0 && progress.step != progress.total_steps) continue;
      const auto steps = (progress.step - 1) % report_every + 1;
      const auto now = std::chrono::steady_clock::now();
      progress.loss = std::exchange(loss, 0) / steps;
      progress.answers_right = std::exchange(right, 0) / steps;
      progress.seconds_per_step =
          std::chrono::duration<double>(now - std::exchange(since, now)).count() / steps;
      report(progress);
    }
  }
}

}  // namespace kvferry
