// SPDX-License-Identifier: MIT
//
// What coding a block needs besides the block: the card's geometry and preset, the tables it
// brings, the calibration it names.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "codec/calibration/calibration.h"
#include "codec/chunk/block_coding.h"
#include "codec/chunk/card_tables.h"
#include "codec/kv_cache.h"
#include "codec/preset.h"

namespace kvferry {

struct CodecContext {
  KvGeometry geometry;
  double rope_theta = 0;
  Preset preset;
  CardTables tables;
  std::shared_ptr<const LoadedCalibration> calibration;  // may be null where the preset needs none

  [[nodiscard]] static std::size_t index_of(std::size_t layer, KvTensor tensor) {
    return layer * 2 + static_cast<std::size_t>(tensor);
  }
  // The basis of svd or pca, bits of each component, table of rans; null where there is none.
  [[nodiscard]] const LinearBasis* basis(ColumnTransform columns, std::size_t layer, KvTensor tensor) const;
  [[nodiscard]] const std::vector<std::uint8_t>* component_bits(std::size_t layer, KvTensor tensor) const;
  [[nodiscard]] const SymbolModel* model(EntropyCoder coder, std::size_t layer, KvTensor tensor) const;

  // Call once, when preset and calibration are set: the calibration is there if the preset needs one, is of
  // this geometry, and has the static tables.
  [[nodiscard]] Result<void> prepare();

 private:
  const PipelineModels* static_models_ = nullptr;  // in the calibration
};

}  // namespace kvferry
