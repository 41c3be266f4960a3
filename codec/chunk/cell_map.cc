// SPDX-License-Identifier: MIT
#include "codec/chunk/cell_map.h"

namespace kvferry {

CellMap::CellMap(const Manifest& manifest) {
  for (std::uint32_t layer = 0; layer < manifest.model.layers; ++layer) {
    first_cell_.push_back(cells_);
    cells_ += manifest.position_sets[manifest.layer_sets[layer]].size();
  }
  marks_.resize(2 * cells_);
}

bool CellMap::mark(const ChunkInfo& chunk) {
  for (std::uint32_t layer = chunk.layer_begin; layer < chunk.layer_begin + chunk.layer_count; ++layer) {
    for (std::uint64_t tensor = 0; tensor < 2; ++tensor) {
      if (chunk.tensor != TensorPart::kBoth && static_cast<std::uint64_t>(chunk.tensor) != tensor) continue;
      const std::uint64_t begin = tensor * cells_ + first_cell_[layer] + chunk.row_begin;
      for (std::uint64_t cell = begin; cell < begin + chunk.row_count; ++cell) {
        if (marks_[cell]) return false;
        marks_[cell] = true;
      }
      marked_ += chunk.row_count;
    }
  }
  return true;
}

bool CellMap::has_row(std::uint32_t layer, std::uint64_t row) const {
  const std::uint64_t cell = first_cell_[layer] + row;
  return marks_[cell] && marks_[cells_ + cell];
}

Result<KvCache> make_empty_cache(const Manifest& manifest) {
  std::vector<std::vector<std::int32_t>> positions;
  for (const std::uint32_t set : manifest.layer_sets) {
    positions.push_back(manifest.position_sets[set].positions());
  }
  return KvCache::create(geometry_of(manifest.model), std::move(positions),
                         static_cast<std::uint32_t>(manifest.token_count));
}

}  // namespace kvferry
