// SPDX-License-Identifier: MIT
#include "protocol/connection/chunk_stakes.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace kvferry {
namespace {

constexpr double kLeastDensity = 1e-12;  // of the highest one

// All the same where the table does not tell.
std::vector<double> densities(const std::vector<ChunkInfo>& table) {
  double highest = 0;
  for (const ChunkInfo& chunk : table) highest = std::max<double>(highest, chunk.importance);
  std::vector<double> density;
  density.reserve(table.size());
  for (const ChunkInfo& chunk : table)
    density.push_back(highest > 0 ? std::max<double>(chunk.importance / highest, kLeastDensity) : 1);
  return density;
}

}  // namespace

ChunkStakes::ChunkStakes(const std::vector<ChunkInfo>& table)
    : density_(densities(table)), benefit_(table.size()), bytes_before_{0} {
  double benefit = 0;
  for (std::size_t i = 0; i < table.size(); ++i) {
    bytes_before_.push_back(bytes_before_[i] + table[i].size_bytes);
    benefit += density_[i] * table[i].size_bytes;
    benefit_up_to_.push_back(benefit);
  }
  // Levels of one block ascend in the table, so what refines a chunk is behind it.
  using Block = std::tuple<std::uint32_t, std::uint32_t, TensorPart>;
  std::map<Block, double> refinements;
  for (std::size_t i = table.size(); i-- > 0;) {
    const ChunkInfo& chunk = table[i];
    double& of_block = refinements[{chunk.layer_begin, chunk.row_begin, chunk.tensor}];
    benefit_[i] = density_[i] * chunk.size_bytes + of_block;
    of_block = chunk.refines ? benefit_[i] : 0;
    if (chunk.tensor == TensorPart::kTables) benefit_[i] = benefit;
  }
}

double ChunkStakes::bytes_from(std::uint32_t first) const {
  return bytes_before_.back() - bytes_before_[first];
}

std::size_t ChunkStakes::last_of(const Rest& rest) const {
  const double end = bytes_before_[rest.first] + rest.bytes;
  auto behind = std::lower_bound(bytes_before_.begin() + 1, bytes_before_.end() - 1, end);
  return static_cast<std::size_t>(behind - bytes_before_.begin()) - 1;
}

double ChunkStakes::of_chunk(std::uint32_t chunk, const Rest& rest) const {
  return benefit_[chunk] / density_[last_of(rest)];
}

double ChunkStakes::of_all(const Rest& rest) const {
  if (density_.empty()) return 0;
  const std::size_t last = last_of(rest);
  return benefit_up_to_[last] / density_[last];
}

}  // namespace kvferry
