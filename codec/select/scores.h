// SPDX-License-Identifier: MIT
//
// What selection may ask the model about a document's cache.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "protocol/base/result.h"

namespace kvferry {

enum class AttentionScore : std::uint8_t {
  kQ2c,            // a row: attention that the question's tokens pay to it
  kH2o,            // a row: attention accumulated over all later tokens of the document (H2O)
  kSnapKv,         // a row: attention from the document's last tokens, pooled (SnapKV)
  kTemplates,      // a row: as q2c, averaged over a set of question templates
  kQ2cPeak,        // as q2c, but the root of the mean square over layers, heads and tokens: what some head
                   // looks at closely counts more
  kTemplatesPeak,  // the same over a set of question templates
  kLayers,         // a layer: Q-KVComm's attention importance S_a, in [0, 1]
};

// One score for each row of the full cache, or for each layer; higher is more worth keeping.
using AttentionSource = std::function<Result<std::vector<float>>(AttentionScore)>;

}  // namespace kvferry
