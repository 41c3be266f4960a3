// SPDX-License-Identifier: MIT
#include "codec/merge.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <string>
#include <vector>

namespace kvferry {
namespace {

std::vector<std::int32_t> union_of(std::span<const std::int32_t> a, std::span<const std::int32_t> b) {
  std::vector<std::int32_t> out;
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(out));
  return out;
}

// Rows of `from` that `to` has, to their places there.
void copy_rows(const KvCache& from, KvCache& to, std::size_t layer) {
  const std::size_t channels = from.geometry().channels();
  const std::size_t bytes = channels * sizeof(std::uint16_t);
  const auto places = to.positions(layer);
  std::size_t place = 0;
  for (std::size_t row = 0; row < from.rows(layer); ++row) {
    while (places[place] != from.positions(layer)[row]) ++place;
    std::memcpy(&to.key_data(layer)[place * channels], &from.key_data(layer)[row * channels], bytes);
    std::memcpy(&to.value_data(layer)[place * channels], &from.value_data(layer)[row * channels], bytes);
  }
}

}  // namespace

Result<KvCache> merge(const KvCache& first, const KvCache& second) {
  if (first.geometry() != second.geometry()) return Error{"merge: the caches are of different shapes"};
  if (first.token_count() != second.token_count())
    return Error{"merge: caches of documents of " + std::to_string(first.token_count()) + " and " +
                 std::to_string(second.token_count()) + " tokens, expected one document's"};
  std::vector<std::vector<std::int32_t>> positions;
  for (std::size_t layer = 0; layer < first.geometry().layers; ++layer)
    positions.push_back(union_of(first.positions(layer), second.positions(layer)));
  auto merged = KvCache::create(first.geometry(), std::move(positions), first.token_count());
  if (!merged) return merged;
  for (std::size_t layer = 0; layer < first.geometry().layers; ++layer) {
    copy_rows(second, *merged, layer);
    copy_rows(first, *merged, layer);
  }
  return merged;
}

}  // namespace kvferry
