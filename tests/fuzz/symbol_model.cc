// SPDX-License-Identifier: MIT
//
// Only the bytes that a model serializes to parse to it, and its frequencies add up.
#include "codec/entropy/symbol_model.h"

#include <algorithm>
#include <numeric>

#include "tests/fuzz/target.h"

using namespace kvferry;  // NOLINT(google-build-using-namespace)

FUZZ_TARGET(symbol_model) {
  ByteView rest = input;
  const auto model = SymbolModel::parse(rest, 4096);
  if (!model) return;
  Bytes again;
  model->serialize(again);
  const ByteView taken = input.first(input.size() - rest.size());
  fuzz::require(std::ranges::equal(again, taken), "serialized again, the same bytes");
  for (std::size_t context = 0; context < model->contexts(); ++context) {
    const auto frequencies = model->frequencies(context);
    fuzz::require(std::ranges::min(frequencies) >= 1, "no frequency is 0");
    const unsigned sum = std::accumulate(frequencies.begin(), frequencies.end(), 0U);
    fuzz::require(sum == SymbolModel::kProbabilityOne, "frequencies sum to one");
  }
}
