// SPDX-License-Identifier: MIT
#include "scenarios/lab/tables/question_set.h"

#include <algorithm>
#include <array>

#include "scenarios/lab/one_thread.h"
#include "scenarios/lab/parallel.h"
#include "scenarios/lab/progress.h"
#include "scenarios/lab/shipment.h"

namespace kvferry {
namespace {

constexpr int kQuestionsPerDocument = 8;
constexpr int kFewestDocuments = 4;

Result<AskedDocument> read_one(const Reader& reader, const Document& document) {
  auto cache = reader.prefill(document.text);
  if (!cache) return cache.error();
  AskedDocument asked{document.text, document.questions, std::move(*cache), {}, {}};
  for (const auto& question : asked.questions) {
    const auto answer = reader.answer(asked.full, question.text);
    if (!answer) return answer.error();
    asked.full_scores.push_back(score_answer(answer->text, question.answer));
    auto reference = reader.reference(asked.full, question.text, question.answer);
    if (!reference) return reference.error();
    asked.references.push_back(std::move(*reference));
  }
  return asked;
}

}  // namespace

std::span<const QuestionSet> question_sets() {
  static const std::array<QuestionSet, 2> sets = {{
      {"plain", {.facts = 24, .words = 256, .paraphrased = false}},
      {"paraphrased", {.facts = 24, .words = 1024, .paraphrased = true}},
  }};
  return sets;
}

std::vector<Document> draw_documents(const QuestionSet& set, int n_questions, uint64_t seed) {
  const int documents =
      std::max((n_questions + kQuestionsPerDocument - 1) / kQuestionsPerDocument, kFewestDocuments);
  const int questions = std::min((n_questions + documents - 1) / documents, set.document.facts);
  std::vector<Document> drawn;
  for (int i = 0; i < documents; ++i) {
    Rng rng(derived_seed(seed, set.name + std::to_string(i)));
    drawn.push_back(make_document(set.document, rng));
    drawn.back().questions.resize(static_cast<size_t>(questions));  // they stand in random order
  }
  return drawn;
}

Result<std::vector<AskedDocument>> read_asked(const Reader& reader, const std::vector<Document>& documents,
                                              int jobs) {
  if (auto fits = check_memory(reader, documents.front(), documents.size()); !fits) return fits.error();
  std::vector<AskedDocument> read(documents.size());
  Progress progress("read documents", documents.size());
  auto done = for_each_index(documents.size(), jobs, [&](size_t i) -> Result<void> {
    use_one_thread();
    auto one = read_one(reader, documents[i]);
    if (!one) return one.error();
    read[i] = std::move(*one);
    progress.step();
    return {};
  });
  if (!done) return done.error();
  return read;
}

Result<std::vector<float>> ScoreMemo::get(size_t document, AttentionScore score,
                                          std::optional<size_t> question, const Compute& compute) {
  const Key key{document, score, question};
  {
    const std::lock_guard lock(mutex_);
    if (const auto it = known_.find(key); it != known_.end()) return it->second;
  }
  auto computed = compute();
  if (!computed) return computed;
  const std::lock_guard lock(mutex_);
  known_.emplace(key, *computed);
  return computed;
}

}  // namespace kvferry
