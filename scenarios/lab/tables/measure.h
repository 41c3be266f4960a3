// SPDX-License-Identifier: MIT
//
// Asks every question after every treatment: the one place where all tables are measured.
#pragma once

#include <map>
#include <vector>

#include "scenarios/lab/tables/bootstrap.h"
#include "scenarios/lab/tables/treatment.h"

namespace kvferry {

// Sums over one document's questions.
struct DocumentSums {
  double n_questions = 0;
  double f1 = 0, exact_match = 0;
  double full_f1 = 0;  // of the full cache, same questions
  Fidelity fidelity;
  double cards = 0, card_bytes = 0;  // made for these questions
  double nominal = 0;                // summed over cards
  double full_bytes = 0;             // of the whole cache in FP16
};

struct Measured {
  std::vector<DocumentSums> documents;
};

// Means over all questions; losses are relative to the full cache's F1 on the same questions.
struct Summary {
  int n_questions = 0, n_documents = 0;
  double f1 = 0, exact_match = 0, loss = 0;
  Interval f1_interval, loss_interval;
  double kl = 0, top1 = 0;                             // nats and share, over the tokens of the gold answers
  double card_bytes = 0, full_bytes = 0, nominal = 0;  // means a card; 0 where none was made
};
[[nodiscard]] Summary summarise(const Measured& measured, uint64_t seed);

// Each different treatment once.
[[nodiscard]] Result<std::map<Treatment, Measured>> measure(const Reader& reader, const Treater& treater,
                                                            const std::vector<AskedDocument>& documents,
                                                            const std::vector<Treatment>& treatments,
                                                            int jobs);

}  // namespace kvferry
