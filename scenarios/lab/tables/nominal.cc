// SPDX-License-Identifier: MIT
#include "scenarios/lab/tables/nominal.h"

#include <algorithm>
#include <cmath>

#include "codec/allocate/allocate.h"

namespace kvferry {
namespace {

constexpr double kFp16Bits = 16;
constexpr double kSensitivityBits = 0.3 * 8 + 0.4 * 6 + 0.3 * 4;  // Q-KVComm's shares of layers

double cachegen_bits(uint32_t level, uint32_t layers) {
  const auto bins = cachegen_bins(level, layers);
  double bits = 0;
  for (const auto count : bins.key) bits += std::log2(count);
  for (const auto count : bins.value) bits += std::log2(count);
  return bits / (2.0 * layers);
}

double mean_bits(const Preset& preset, uint32_t layers) {
  switch (preset.allocate.method) {
    case AllocateMethod::kSensitivity:
      return kSensitivityBits;
    case AllocateMethod::kTokens:
      return preset.allocate.bits;
    case AllocateMethod::kCacheGen:
      return cachegen_bits(preset.allocate.level, layers);
    case AllocateMethod::kNone:
    case AllocateMethod::kDelay:
      break;
  }
  if (preset.is_progressive()) return preset.quant.planes;
  if (preset.quant.key.kind == QuantKind::kComponents) return preset.quant.component_bits;
  return (preset.quant.key.bits() + preset.quant.value.bits()) / 2.0;
}

}  // namespace

double nominal_ratio(const Preset& preset, const KvGeometry& geometry, double kept) {
  double bits = mean_bits(preset, geometry.layers);
  if (preset.transform.columns == ColumnTransform::kSvd) {
    const auto channels = static_cast<double>(geometry.channels());
    bits *= std::min(1.0, preset.transform.size / channels);
  }
  return kFp16Bits / bits / kept;
}

double nominal_ratio(const Preset& preset, const KvCache& full, const KvCache& kept) {
  return nominal_ratio(preset, full.geometry(),
                       static_cast<double>(kept.bytes_fp16()) / static_cast<double>(full.full_bytes_fp16()));
}

}  // namespace kvferry
