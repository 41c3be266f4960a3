// SPDX-License-Identifier: MIT
//
// One mark for every (tensor, layer, row) that a manifest has.
#pragma once

#include <cstdint>
#include <vector>

#include "codec/kv_cache.h"
#include "protocol/card/manifest.h"

namespace kvferry {

[[nodiscard]] inline KvGeometry geometry_of(const ModelIdentity& model) {
  return {model.layers, model.kv_heads, model.head_dim};
}

class CellMap {
 public:
  explicit CellMap(const Manifest& manifest);

  // Marks a chunk's cells. False if one had a mark already; then some may have got theirs.
  [[nodiscard]] bool mark(const ChunkInfo& chunk);
  [[nodiscard]] bool is_full() const { return marked_ == marks_.size(); }
  [[nodiscard]] std::uint64_t marked() const { return marked_; }
  [[nodiscard]] std::uint64_t size() const { return marks_.size(); }
  // Whether K and V of the row are marked.
  [[nodiscard]] bool has_row(std::uint32_t layer, std::uint64_t row) const;

 private:
  std::vector<std::uint64_t> first_cell_;  // of each layer
  std::uint64_t cells_ = 0;                // of one tensor
  std::vector<bool> marks_;
  std::uint64_t marked_ = 0;
};

// Zeros, with the positions of the manifest.
[[nodiscard]] Result<KvCache> make_empty_cache(const Manifest& manifest);

}  // namespace kvferry
