// SPDX-License-Identifier: MIT
#include "codec/chunk/block_codec.h"

#include <algorithm>
#include <string>

#include "codec/half.h"
#include "codec/quant/bitpack.h"
#include "codec/quant/components.h"
#include "codec/quant/quantizer.h"
#include "codec/transform/transform.h"

namespace kvferry {
namespace {

// Anchors are kept at eight bits, one scale a row.
constexpr QuantSpec kAnchorSpec = {QuantKind::kSymmetric, Along::kToken, 255, 0};

bool undoes_rope(const BlockCoding& coding, const BlockPlace& place) {
  return coding.undo_rope && place.tensor == KvTensor::kKey;
}

void append_planes(const std::vector<float>& values, Bytes& out) {
  std::vector<std::uint16_t> halves(values.size());
  for (std::size_t i = 0; i < values.size(); ++i)
    halves[i] = float_to_half(std::clamp(values[i], -kHalfMax, kHalfMax));
  const std::size_t begin = out.size();
  out.resize(begin + 2 * halves.size());
  split_planes(halves.data(), halves.size(), out.data() + begin);
}

Result<void> read_planes(ByteView planes, std::vector<float>& values) {
  std::vector<std::uint16_t> halves(values.size());
  join_planes(planes.data(), halves.size(), halves.data());
  for (std::size_t i = 0; i < halves.size(); ++i) {
    if (!half_is_finite(halves[i])) {
      return Error{"value " + std::to_string(i) + " is not finite, expected a number"};
    }
    values[i] = half_to_float(halves[i]);
  }
  return {};
}

}  // namespace

const RopeTable& BlockCodec::rope_at(std::span<const std::int32_t> positions) {
  if (!rope_ ||
      !std::equal(positions.begin(), positions.end(), rope_positions_.begin(), rope_positions_.end())) {
    rope_positions_.assign(positions.begin(), positions.end());
    rope_.emplace(positions, context_.geometry.head_dim, context_.rope_theta);
  }
  return *rope_;
}

Result<void> BlockCodec::check(const BlockCoding& coding, const BlockPlace& place) const {
  if (undoes_rope(coding, place) && (context_.geometry.head_dim % 2 != 0 || !(context_.rope_theta >= 1))) {
    return Error{"RoPE is undone, expected an even head_dim and a base of at least 1"};
  }
  if (coding.columns == ColumnTransform::kNone) return {};
  if (coding.columns != context_.preset.transform.columns) {
    return Error{"transform is " + std::to_string(static_cast<unsigned>(coding.columns)) +
                 ", expected 0 (none) or " +
                 std::to_string(static_cast<unsigned>(context_.preset.transform.columns)) + ", the preset's"};
  }
  if (coding.columns == ColumnTransform::kAnchor) return {};
  const LinearBasis* basis = context_.basis(coding.columns, place.layer, place.tensor);
  if (basis == nullptr || basis->rank() == 0) {
    return Error{coding.columns == ColumnTransform::kSvd
                     ? "transform is svd, but the tables hold no basis"
                     : "transform is pca, but the calibration has no basis"};
  }
  if (coding.spec.kind != QuantKind::kComponents) return {};
  const auto* bits = context_.component_bits(place.layer, place.tensor);
  if (bits != nullptr && bits->size() == basis->rank()) return {};
  return Error{"tables hold bits of " + std::to_string(bits == nullptr ? 0 : bits->size()) +
               " components, expected " + std::to_string(basis->rank())};
}

BlockShape BlockCodec::shape(const BlockCoding& coding, const BlockPlace& place) const {
  if (coding.columns == ColumnTransform::kSvd || coding.columns == ColumnTransform::kPca) {
    return {place.positions.size(), 1, context_.basis(coding.columns, place.layer, place.tensor)->rank()};
  }
  return {place.positions.size(), context_.geometry.kv_heads, context_.geometry.head_dim};
}

std::size_t BlockCodec::symbol_columns(const BlockCoding& coding, const BlockPlace& place) const {
  return coding.spec.kind == QuantKind::kFp16 ? 0 : shape(coding, place).columns();
}

std::size_t BlockCodec::parameter_size(const BlockCoding& coding, const BlockPlace& place) const {
  const BlockShape block = shape(coding, place);
  std::size_t bytes = 0;
  if (coding.columns == ColumnTransform::kAnchor) {
    const std::size_t group = context_.preset.transform.size;
    const BlockShape anchors{anchor_count(block.rows, group), block.heads, block.head_dim};
    bytes += parameter_bytes(kAnchorSpec, anchors) + anchors.elements();
  }
  if (coding.spec.kind == QuantKind::kFp16) return bytes + 2 * block.elements();
  if (coding.spec.kind == QuantKind::kComponents) return bytes;
  return bytes + parameter_bytes(coding.spec, block);
}

std::size_t BlockCodec::packed_size(const BlockCoding& coding, const BlockPlace& place) const {
  if (coding.spec.kind == QuantKind::kFp16) return 0;
  if (coding.spec.kind == QuantKind::kComponents) {
    return packed_components_bytes(*context_.component_bits(place.layer, place.tensor),
                                   place.positions.size());
  }
  return packed_size_bytes(shape(coding, place).elements(), coding.spec.bits());
}

// Leaves the coded numbers in values.
void BlockCodec::transform(const BlockCoding& coding, const BlockPlace& place, std::vector<float>& values,
                           Bytes& parameters) {
  const KvGeometry& geometry = context_.geometry;
  const std::size_t rows = place.positions.size();
  if (undoes_rope(coding, place)) rope_at(place.positions).undo(values.data(), 0, rows, geometry.kv_heads);
  if (coding.columns == ColumnTransform::kNone) return;
  if (coding.columns != ColumnTransform::kAnchor) {
    const LinearBasis& basis = *context_.basis(coding.columns, place.layer, place.tensor);
    coefficients_.resize(rows * basis.rank());
    project(basis, basis.rank(), values.data(), rows, coefficients_.data());
    values.swap(coefficients_);
    return;
  }
  const std::size_t group = context_.preset.transform.size;
  const std::size_t channels = geometry.channels();
  const BlockShape shape{anchor_count(rows, group), geometry.kv_heads, geometry.head_dim};
  anchors_.resize(shape.elements());
  take_anchors(values.data(), rows, channels, group, anchors_.data());
  const std::size_t begin = parameters.size();
  const std::size_t scales = parameter_bytes(kAnchorSpec, shape);
  parameters.resize(begin + scales + shape.elements());
  std::uint8_t* symbols = parameters.data() + begin + scales;
  quantize(kAnchorSpec, shape, anchors_.data(), parameters.data() + begin, symbols);
  (void)dequantize(kAnchorSpec, shape, parameters.data() + begin, symbols, anchors_.data());
  subtract_anchors(values.data(), rows, channels, group, anchors_.data());
  for (float& value : values) value = std::clamp(value, -kHalfMax, kHalfMax);
}

void BlockCodec::encode(const BlockCoding& coding, const BlockPlace& place, std::vector<float>& values,
                        Bytes& parameters) {
  transform(coding, place, values, parameters);
  symbols_.clear();
  if (coding.spec.kind == QuantKind::kFp16) return append_planes(values, parameters);
  const BlockShape block = shape(coding, place);
  symbols_.resize(block.elements());
  if (coding.spec.kind == QuantKind::kComponents) {
    const LinearBasis& basis = *context_.basis(coding.columns, place.layer, place.tensor);
    quantize_components(*context_.component_bits(place.layer, place.tensor), basis.variance, values.data(),
                        block.rows, symbols_.data());
    return;
  }
  for (float& value : values) value = std::clamp(value, -kHalfMax, kHalfMax);
  const std::size_t begin = parameters.size();
  parameters.resize(begin + parameter_bytes(coding.spec, block));
  quantize(coding.spec, block, values.data(), parameters.data() + begin, symbols_.data());
}

void BlockCodec::pack(const BlockCoding& coding, const BlockPlace& place, Bytes& out) const {
  const std::size_t begin = out.size();
  out.resize(begin + packed_size(coding, place));
  if (coding.spec.kind == QuantKind::kFp16) return;
  if (coding.spec.kind == QuantKind::kComponents) {
    return pack_components(*context_.component_bits(place.layer, place.tensor), symbols_.data(),
                           place.positions.size(), out.data() + begin);
  }
  pack_bits(symbols_.data(), symbols_.size(), coding.spec.bits(), out.data() + begin);
}

void BlockCodec::make_room(const BlockCoding& coding, const BlockPlace& place) {
  symbols_.resize(place.positions.size() * symbol_columns(coding, place));
}

Result<void> BlockCodec::unpack(const BlockCoding& coding, const BlockPlace& place, ByteView packed) {
  make_room(coding, place);
  if (coding.spec.kind == QuantKind::kFp16) return {};
  const bool clean = coding.spec.kind == QuantKind::kComponents
                         ? unpack_components(*context_.component_bits(place.layer, place.tensor),
                                             packed.data(), place.positions.size(), symbols_.data())
                         : unpack_bits(packed.data(), symbols_.size(), coding.spec.bits(), symbols_.data());
  if (clean) return {};
  return Error{"unused bits after the codes are set, expected zero"};
}

// Fills anchors_ and says how many bytes of the parameters they took.
Result<std::size_t> BlockCodec::read_anchors(const BlockPlace& place, ByteView parameters) {
  const KvGeometry& geometry = context_.geometry;
  const std::size_t group = context_.preset.transform.size;
  const BlockShape shape{anchor_count(place.positions.size(), group), geometry.kv_heads, geometry.head_dim};
  const std::size_t scales = parameter_bytes(kAnchorSpec, shape);
  anchors_.resize(shape.elements());
  auto read = dequantize(kAnchorSpec, shape, parameters.data(), parameters.data() + scales, anchors_.data());
  if (!read) return read.error().in("anchors");
  return scales + shape.elements();
}

void BlockCodec::invert(const BlockCoding& coding, const BlockPlace& place, std::vector<float>& values) {
  const KvGeometry& geometry = context_.geometry;
  const std::size_t rows = place.positions.size();
  if (coding.columns == ColumnTransform::kAnchor) {
    add_anchors(values.data(), rows, geometry.channels(), context_.preset.transform.size, anchors_.data());
  } else if (coding.columns != ColumnTransform::kNone) {
    const LinearBasis& basis = *context_.basis(coding.columns, place.layer, place.tensor);
    coefficients_.resize(rows * geometry.channels());
    reconstruct(basis, basis.rank(), values.data(), rows, coefficients_.data());
    values.swap(coefficients_);
  }
  if (undoes_rope(coding, place)) rope_at(place.positions).redo(values.data(), 0, rows, geometry.kv_heads);
}

Result<void> BlockCodec::decode(const BlockCoding& coding, const BlockPlace& place, ByteView parameters,
                                std::vector<float>& values) {
  const BlockShape block = shape(coding, place);
  values.resize(block.elements());
  if (coding.columns == ColumnTransform::kAnchor) {
    const auto taken = read_anchors(place, parameters);
    if (!taken) return taken.error();
    parameters = parameters.subspan(*taken);
  }
  if (coding.spec.kind == QuantKind::kFp16) {
    if (auto read = read_planes(parameters, values); !read) return read;
  } else if (coding.spec.kind == QuantKind::kComponents) {
    const LinearBasis& basis = *context_.basis(coding.columns, place.layer, place.tensor);
    dequantize_components(*context_.component_bits(place.layer, place.tensor), basis.variance,
                          symbols_.data(), block.rows, values.data());
  } else {
    auto read = dequantize(coding.spec, block, parameters.data(), symbols_.data(), values.data());
    if (!read) return read;
  }
  invert(coding, place, values);
  return {};
}

}  // namespace kvferry
