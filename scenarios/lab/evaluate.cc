// SPDX-License-Identifier: MIT
#include "scenarios/lab/evaluate.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "model/score.h"
#include "scenarios/lab/one_thread.h"
#include "scenarios/lab/parallel.h"
#include "scenarios/lab/shipment.h"

namespace kvferry {
namespace {

constexpr std::array<ScoreTask, 5> kScoreTasks = {{
    {{.facts = 8, .words = 0, .paraphrased = false}},
    {{.facts = 24, .words = 0, .paraphrased = false}},
    {{.facts = 8, .words = 256, .paraphrased = true}},
    {{.facts = 8, .words = 512, .paraphrased = true}},
    {{.facts = 8, .words = 1024, .paraphrased = true}},
}};

// Sums over one document's questions.
struct ScoreSums {
  double f1 = 0, exact_match = 0;
  int questions = 0;
};

Result<ScoreSums> score_document(const Reader& reader, const Document& document) {
  const auto cache = reader.prefill(document.text);
  if (!cache) return cache.error();
  ScoreSums sums;
  for (const auto& question : document.questions) {
    const auto answer = reader.answer(*cache, question.text);
    if (!answer) return answer.error();
    const auto score = score_answer(answer->text, question.answer);
    sums.f1 += score.f1;
    sums.exact_match += score.exact_match;
    ++sums.questions;
  }
  return sums;
}

}  // namespace

Result<Quality> evaluate_cache(const Reader& reader, const KvCache& full, const KvCache& cache,
                               std::span<const Question> questions, const Reading& reading) {
  Quality quality;
  Fidelity fidelity;
  for (const auto& question : questions) {
    const auto answer = reader.answer(cache, question.text, reading);
    if (!answer) return answer.error();
    const auto compared = reader.compare(full, cache, question.text, question.answer, reading);
    if (!compared) return compared.error();
    const auto score = score_answer(answer->text, question.answer);
    quality.f1 += score.f1;
    quality.exact_match += score.exact_match;
    quality.answer_tokens += static_cast<double>(answer->tokens.size());
    quality.question_tokens += static_cast<double>(reader.question_tokens(question.text).size());
    fidelity += *compared;
  }
  quality.n_questions = static_cast<int>(questions.size());
  const auto n = static_cast<double>(questions.size());
  quality.f1 /= n;
  quality.exact_match /= n;
  quality.answer_tokens /= n;
  quality.question_tokens /= n;
  const auto tokens = static_cast<double>(fidelity.tokens);
  quality.kld = fidelity.kl_sum / tokens;
  quality.top1 = static_cast<double>(fidelity.top1_agree) / tokens;
  quality.ppl_delta = std::expm1((fidelity.nll_sum - fidelity.nll_full_sum) / tokens);
  return quality;
}

std::span<const ScoreTask> score_tasks() { return kScoreTasks; }

Result<TaskScore> score_reader(const Reader& reader, const ScoreTask& task, uint64_t seed, int jobs) {
  TaskScore score;
  score.task = task;
  score.documents = (task.n_questions + task.document.facts - 1) / task.document.facts;
  std::vector<ScoreSums> sums(static_cast<size_t>(score.documents));
  const auto done = for_each_index(sums.size(), jobs, [&](size_t i) -> Result<void> {
    use_one_thread();
    Rng rng(derived_seed(seed, "score" + std::to_string(i)));
    auto scored = score_document(reader, make_document(task.document, rng));
    if (!scored) return scored.error();
    sums[i] = *scored;
    return {};
  });
  if (!done) return done.error();
  for (const auto& one : sums) {
    score.f1 += one.f1;
    score.exact_match += one.exact_match;
    score.n_questions += one.questions;
  }
  score.f1 /= score.n_questions;
  score.exact_match /= score.n_questions;
  return score;
}

}  // namespace kvferry
