// SPDX-License-Identifier: MIT
//
// What errors in a cache cost the answers, measured by gradients: the parameters of progressive cards.
#pragma once

#include <span>

#include "codec/planes/plane_calibration.h"
#include "model/documents.h"
#include "model/reader.h"

namespace kvferry {

// Asks every document up to `questions` of its own questions. Of each token of an answer (end marks included)
// the log odds of the model's likeliest choice against all others are derived by the cache; the metric is the
// mean over these tokens of the gradients' outer products, summed over rows: an error e of the cache moves
// the log odds by the root of eᵀ M e. (With probabilities instead of log odds this is Fisher's information,
// which vanishes where the model is sure.) Documents and questions are not to be those of an evaluation.
[[nodiscard]] Result<AnswerMetric> measure_metric(const Reader& reader, std::span<const Document> documents,
                                                  size_t questions);

}  // namespace kvferry
