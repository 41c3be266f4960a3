// SPDX-License-Identifier: MIT
//
// How good the answers are that a model gives from a cache alone.
#pragma once

#include <span>

#include "model/documents.h"
#include "model/reader.h"
#include "scenarios/lab/results.h"

namespace kvferry {

// Asks every question of `cache`, and compares it with the document's full cache.
[[nodiscard]] Result<Quality> evaluate_cache(const Reader& reader, const KvCache& full, const KvCache& cache,
                                             std::span<const Question> questions,
                                             const Reading& reading = {});

// What `kvferry-lab score` and the end of a training measure.
struct ScoreTask {
  DocumentSpec document;
  int n_questions = 200;  // at least
};
struct TaskScore {
  ScoreTask task;
  int documents = 0;
  int n_questions = 0;
  double f1 = 0;
  double exact_match = 0;
};

// Facts only (8 and 24), and 8 facts in several phrasings among filler (256, 512 and 1,024 words).
[[nodiscard]] std::span<const ScoreTask> score_tasks();

// Over documents drawn from the seed.
[[nodiscard]] Result<TaskScore> score_reader(const Reader& reader, const ScoreTask& task, uint64_t seed,
                                             int jobs);

}  // namespace kvferry
