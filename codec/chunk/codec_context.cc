// SPDX-License-Identifier: MIT
#include "codec/chunk/codec_context.h"

namespace kvferry {

const LinearBasis* CodecContext::basis(ColumnTransform columns, std::size_t layer, KvTensor tensor) const {
  if (columns == ColumnTransform::kSvd && !tables.svd.empty()) return &tables.svd[index_of(layer, tensor)];
  if (columns == ColumnTransform::kPca && calibration != nullptr) {
    const LayerCalibration& measured = calibration->calibration.layers[layer];
    return tensor == KvTensor::kKey ? &measured.key_basis : &measured.value_basis;
  }
  return nullptr;
}

const std::vector<std::uint8_t>* CodecContext::component_bits(std::size_t layer, KvTensor tensor) const {
  if (tables.component_bits.empty()) return nullptr;
  return &tables.component_bits[index_of(layer, tensor)];
}

const SymbolModel* CodecContext::model(EntropyCoder coder, std::size_t layer, KvTensor tensor) const {
  const std::vector<std::optional<SymbolModel>>* models = nullptr;
  if (coder == EntropyCoder::kRansCard) models = &tables.models;
  if (coder == EntropyCoder::kRansStatic && static_models_ != nullptr) models = &static_models_->models;
  const std::size_t index = index_of(layer, tensor);
  if (models == nullptr || index >= models->size() || !(*models)[index]) return nullptr;
  return &*(*models)[index];
}

Result<void> CodecContext::prepare() {
  if (!preset.needs_calibration()) return {};
  if (calibration == nullptr) return Error{"the preset needs a calibration of the model, found none"};
  const Calibration& measured = calibration->calibration;
  if (measured.geometry != geometry) return Error{"the calibration is of another geometry than the cache"};
  if (preset.entropy.coder != EntropyCoder::kRansStatic) return {};
  const std::string pipeline = symbol_pipeline(preset);
  static_models_ = measured.models_of(pipeline);
  if (static_models_ != nullptr) return {};
  return Error{"the calibration has no symbol tables for '" + pipeline + "'"};
}

}  // namespace kvferry
