// SPDX-License-Identifier: MIT
//
// The ways in which a selection can reach the model (task-aware paper, batches 5 to 9): rows that were not
// selected leave a finished cache, or are masked while it is built; and they are dropped, masked, or set to
// zero.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "model/reader.h"

namespace kvferry {

enum class Condition {
  kPruned,      // rows leave the finished cache: what a card carries
  kMasked,      // rows stay in the finished cache and nothing attends to them ("mask only")
  kZeroed,      // rows stay, their K and V are zero, and they still draw exp(0) of attention
  kZeroMasked,  // both ("zero mask")
  kBuilt,       // rows were masked from the first layer on, while the cache was built
};

[[nodiscard]] std::string_view to_string(Condition condition);

// A cache and how it is to be read.
struct ConditionedCache {
  KvCache cache;
  Reading reading;
};

// `full` is the document's whole cache; `kept` holds ascending rows, at least one. Errors: as of keep_rows().
[[nodiscard]] Result<ConditionedCache> under_condition(Condition condition, const Reader& reader,
                                                       const std::string& document, const KvCache& full,
                                                       std::span<const uint32_t> kept);

}  // namespace kvferry
