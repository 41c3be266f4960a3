// SPDX-License-Identifier: MIT
//
// Carries strategies of sharing out on one document: what travels, what it takes, and what the agents answer.
// Compute is counted in floating-point operations from the model's shape, and measured beside as processor
// time of the thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "model/make_card.h"
#include "scenarios/lab/share/strategy.h"
#include "scenarios/lab/tables/question_set.h"

namespace kvferry {

struct Work {
  double flops = 0;
  double processor_s = 0;
  Work& operator+=(const Work& other);
};

// One agent's part.
struct AgentShare {
  AnswerScore score;
  Fidelity fidelity;
  std::string answer;
  std::shared_ptr<const Card> card;  // its own; or nothing
  uint64_t own_bytes = 0;            // card file, or text
  uint64_t own_cache_bytes = 0;      // FP16, of rows that nobody else has
  Work source;                       // done for this agent by the one who has read the document
  Work agent;                        // until its first token, and the rest of the answer
};

struct SharedDocument {
  std::shared_ptr<const Card> card;  // everybody's; or nothing
  uint64_t shared_bytes = 0;
  uint64_t shared_cache_bytes = 0;  // FP16, decoded once where agents share memory
  Work source;                      // reading and encoding, once
  std::vector<AgentShare> agents;   // one a question
};

class Sharing {
 public:
  // The preset's quantization and entropy stages: "quant=int4".
  Sharing(const Reader& reader, std::string coding, std::shared_ptr<const LoadedCalibration> calibration)
      : reader_(reader), coding_(std::move(coding)), calibration_(std::move(calibration)) {}

  // As many agents as the document has questions.
  [[nodiscard]] Result<SharedDocument> share(const AskedDocument& document, const Strategy& strategy) const;

 private:
  struct Base;

  [[nodiscard]] Result<Base> make_base(const AskedDocument& document, const Strategy& strategy,
                                       SharedDocument& out) const;
  [[nodiscard]] Result<AgentShare> serve(const AskedDocument& document, size_t question,
                                         const Strategy& strategy, const Base& base) const;
  [[nodiscard]] Result<KvCache> read_text(const AskedDocument& document, AgentShare& agent) const;
  [[nodiscard]] Result<KvCache> fetch_own_rows(const AskedDocument& document, size_t question, double share,
                                               const Base& base, AgentShare& agent) const;
  [[nodiscard]] Result<Reading> hide(const AskedDocument& document, size_t question, double share,
                                     const Base& base, AgentShare& agent) const;
  [[nodiscard]] Result<void> answer(const AskedDocument& document, size_t question, const KvCache& cache,
                                    const Reading& reading, AgentShare& agent) const;
  // select: "full", or a method and its share of the rows; base: the card is its refinement.
  [[nodiscard]] Result<Card> make(const AskedDocument& document, const std::string& select,
                                  const std::vector<int64_t>& question,
                                  std::shared_ptr<const Card> base) const;
  // Of so many tokens after so many others.
  [[nodiscard]] double flops(double tokens, double before) const;

  const Reader& reader_;
  std::string coding_;
  std::shared_ptr<const LoadedCalibration> calibration_;
};

}  // namespace kvferry
