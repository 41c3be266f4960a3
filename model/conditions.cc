// SPDX-License-Identifier: MIT
#include "model/conditions.h"

#include <algorithm>

#include "codec/select/select.h"

namespace kvferry {
namespace {

Result<std::vector<uint32_t>> other_rows(const KvCache& full, std::span<const uint32_t> kept) {
  if (!kept.empty() && kept.back() >= full.token_count()) {
    return Error{"select: row " + std::to_string(kept.back()) + ", expected below " +
                 std::to_string(full.token_count())};
  }
  std::vector<uint32_t> others;
  for (uint32_t row = 0; row < full.token_count(); ++row) {
    if (!std::binary_search(kept.begin(), kept.end(), row)) others.push_back(row);
  }
  return others;
}

void zero_rows(KvCache& cache, const std::vector<uint32_t>& rows) {
  const auto channels = cache.geometry().channels();
  for (size_t layer = 0; layer < cache.geometry().layers; ++layer) {
    for (const auto row : rows) {
      for (const auto data : {cache.key_data(layer), cache.value_data(layer)}) {
        std::ranges::fill(data.subspan(row * channels, channels), uint16_t{0});
      }
    }
  }
}

}  // namespace

std::string_view to_string(Condition condition) {
  switch (condition) {
    case Condition::kPruned:
      return "pruned";
    case Condition::kMasked:
      return "masked";
    case Condition::kZeroed:
      return "zeroed";
    case Condition::kZeroMasked:
      return "zeroed and masked";
    case Condition::kBuilt:
      return "masked while built";
  }
  return "";
}

Result<ConditionedCache> under_condition(Condition condition, const Reader& reader,
                                         const std::string& document, const KvCache& full,
                                         std::span<const uint32_t> kept) {
  ConditionedCache out;
  if (condition == Condition::kPruned || condition == Condition::kBuilt) {
    auto cache =
        condition == Condition::kPruned ? keep_rows(full, kept) : reader.prefill_masked(document, kept);
    if (!cache) return cache.error();
    out.cache = std::move(*cache);
    return out;
  }
  auto others = other_rows(full, kept);
  if (!others) return others.error();
  out.cache = full;
  if (condition != Condition::kMasked) zero_rows(out.cache, *others);
  if (condition != Condition::kZeroed) out.reading.hidden = std::move(*others);
  return out;
}

}  // namespace kvferry
