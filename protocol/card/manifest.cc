// SPDX-License-Identifier: MIT
#include "protocol/card/manifest.h"

namespace kvferry {
namespace {

Error bad(const std::string& what) { return Error{"manifest: " + what}; }

Result<void> check_chunk(const Manifest& m, std::size_t index) {
  const ChunkInfo& chunk = m.chunks[index];
  std::string where = "chunk " + std::to_string(index) + ": ";
  if (chunk.size_bytes == 0) return bad(where + "empty");
  if (chunk.tensor == TensorPart::kTables) {
    if (index != 0) return bad(where + "tables, expected as chunk 0 only");
    if ((chunk.layer_begin | chunk.layer_count | chunk.row_begin | chunk.row_count) == 0) return {};
    return bad(where + "tables with layers or rows");
  }
  if (chunk.layer_count == 0 || chunk.layer_begin >= m.model.layers ||
      chunk.layer_count > m.model.layers - chunk.layer_begin) {
    return bad(where + "layers outside the model's " + std::to_string(m.model.layers));
  }
  std::uint32_t set = m.layer_sets[chunk.layer_begin];
  for (std::uint32_t layer = 1; layer < chunk.layer_count; ++layer) {
    if (m.layer_sets[chunk.layer_begin + layer] != set)
      return bad(where + "its layers keep different positions");
  }
  std::uint32_t rows = m.position_sets[set].size();
  if (chunk.row_count == 0 || chunk.row_begin >= rows || chunk.row_count > rows - chunk.row_begin) {
    return bad(where + "rows outside the position set's " + std::to_string(rows));
  }
  return {};
}

}  // namespace

Result<void> Manifest::validate() const {
  if (auto checked = model.validate(); !checked) return checked.error().in("manifest");
  if (token_count > kMaxTokens) return bad("token_count above " + std::to_string(kMaxTokens));
  if (preset.size() > kMaxPresetBytes)
    return bad("preset longer than " + std::to_string(kMaxPresetBytes) + " bytes");
  if (summary.size() > kMaxSummaryBytes)
    return bad("summary longer than " + std::to_string(kMaxSummaryBytes) + " bytes");
  for (const char c : summary) {
    if (static_cast<unsigned char>(c) < ' ') return bad("summary holds a control character");
  }
  if (position_sets.empty() || position_sets.size() > model.layers) {
    return bad(std::to_string(position_sets.size()) + " position sets, expected one to one per layer");
  }
  for (const PositionSet& set : position_sets) {
    if (set.end() > token_count) return bad("a position at or above token_count");
  }
  if (layer_sets.size() != model.layers) {
    return bad(std::to_string(layer_sets.size()) + " layer sets, expected " + std::to_string(model.layers));
  }
  for (std::uint32_t set : layer_sets) {
    if (set >= position_sets.size()) return bad("layer set " + std::to_string(set) + " does not exist");
  }
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    if (auto checked = check_chunk(*this, i); !checked) return checked;
  }
  if (curve.chunks() > chunks.size()) {
    return bad("a curve up to " + std::to_string(curve.chunks()) + " chunks, the table has " +
               std::to_string(chunks.size()));
  }
  return {};
}

std::uint64_t Manifest::payload_bytes() const {
  std::uint64_t total = 0;
  for (const ChunkInfo& chunk : chunks) total += chunk.size_bytes;
  return total;
}

std::uint64_t EncodedManifest::size_bytes() const {
  std::uint64_t total = root.size();
  for (const Bytes& page : pages) total += page.size();
  return total;
}

}  // namespace kvferry
