// SPDX-License-Identifier: MIT
//
// The documents and questions that all tables share, read once by each model.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "codec/select/scores.h"
#include "model/documents.h"
#include "model/reader.h"
#include "model/score.h"

namespace kvferry {

struct QuestionSet {
  std::string name;
  DocumentSpec document;
};

// Plain: facts in the plain phrasing, about 256 words. Paraphrased: several phrasings among filler, 1,024
// words.
[[nodiscard]] std::span<const QuestionSet> question_sets();

// A document as one model has read it.
struct AskedDocument {
  std::string text;
  std::vector<Question> questions;
  KvCache full;
  std::vector<AnswerScore> full_scores;   // of the answers from the full cache, a question each
  std::vector<GoldReference> references;  // what the full cache makes of each gold answer
};

// `n_questions` over several documents, since questions on one document are not independent; a few
// more where they do not divide. The same seed gives every model the same documents.
[[nodiscard]] std::vector<Document> draw_documents(const QuestionSet& set, int n_questions, uint64_t seed);

// Reads the documents and answers their questions from the full cache.
[[nodiscard]] Result<std::vector<AskedDocument>> read_asked(const Reader& reader,
                                                            const std::vector<Document>& documents, int jobs);

// What selection asked the model about these documents, each answer computed once. Thread-safe.
class ScoreMemo {
 public:
  using Compute = std::function<Result<std::vector<float>>()>;

  // `question`: its index, for scores that depend on it.
  [[nodiscard]] Result<std::vector<float>> get(size_t document, AttentionScore score,
                                               std::optional<size_t> question, const Compute& compute);

 private:
  using Key = std::tuple<size_t, AttentionScore, std::optional<size_t>>;
  std::mutex mutex_;
  std::map<Key, std::vector<float>> known_;
};

}  // namespace kvferry
