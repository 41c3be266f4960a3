// SPDX-License-Identifier: MIT
//
// Trains a decoder to answer questions about generated documents. A recipe is data:
// the model's shape and a curriculum of stages. The same recipe and seed, on the same
// libtorch build with one thread, give the same weights.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "model/decoder.h"
#include "model/documents.h"
#include "model/tokenizer.h"

namespace kvferry {

struct TrainingStage {
  int steps = 0;
  int documents = 32;  // a step
  int min_facts = 2, max_facts = 6;
  int min_words = 0, max_words = 0;  // filler up to this many words; 0: facts only
  double paraphrased_share = 0;      // of the documents
  double few_relations_share = 0.5;  // documents with one or two relations only
  int questions = 12;                // at most, a document
};

struct TrainingRecipe {
  ModelConfig shape;
  uint64_t seed = 1;
  double learning_rate = 2e-3;
  int warmup_steps = 100;
  bool bf16_products = false;  // matrix products in BF16 where the processor has them
  std::vector<TrainingStage> stages;

  [[nodiscard]] int total_steps() const;
};

struct TrainingProgress {
  int step = 0;  // counted over all stages
  int total_steps = 0;
  int stage = 0;
  double loss = 0;           // nats per answer token
  double answers_right = 0;  // share of answers whose tokens are all predicted, given the true prefix
  double seconds_per_step = 0;
};

// The vocabulary of generated documents, and the marks around them.
[[nodiscard]] Tokenizer make_document_tokenizer();

// Trains `weights` in place. `report` is called every `report_every` steps and may save the weights.
void train(const TrainingRecipe& recipe, const Tokenizer& tokenizer, DecoderWeights& weights,
           int report_every, const std::function<void(const TrainingProgress&)>& report);

}  // namespace kvferry
