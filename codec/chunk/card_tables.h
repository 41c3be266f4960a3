// SPDX-License-Identifier: MIT
//
// What the chunks of one card share and the card must bring along: chunk 0 of kind `tables`.
// FORMAT.md, "Tables".
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "codec/entropy/symbol_model.h"
#include "codec/kv_cache.h"
#include "codec/transform/basis.h"
#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

namespace kvferry {

// Each list is empty, or has an entry for K and one for V of every layer: [layer * 2 + tensor].
struct CardTables {
  std::vector<LinearBasis> svd;  // vectors rounded to FP16, all else 0; rank 0 where a layer was not sent
  std::vector<std::vector<std::uint8_t>> component_bits;  // of each calibrated component; empty as above
  std::vector<std::optional<SymbolModel>> models;         // of rans:card

  [[nodiscard]] bool empty() const { return svd.empty() && component_bits.empty() && models.empty(); }
  [[nodiscard]] Bytes serialize() const;
  // Bounded by the geometry and by max_bytes after decompression. The error names the field.
  [[nodiscard]] static Result<CardTables> parse(ByteView payload, const KvGeometry& geometry,
                                                std::uint64_t max_bytes);
};

}  // namespace kvferry
