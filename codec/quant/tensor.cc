// SPDX-License-Identifier: MIT
#include "codec/quant/tensor.h"

#include <algorithm>
#include <cassert>
#include <string>

#include "codec/half.h"
#include "codec/quant/affine.h"
#include "codec/quant/bitpack.h"
#include "codec/quant/load.h"

namespace kvferry {
namespace {

AffineShape shape_of(const QuantStage& quant, std::size_t rows, std::size_t heads, std::size_t head_dim) {
  return {rows, heads, head_dim, quant.group, bits_of(quant.quantizer)};
}

std::size_t groups_of(const AffineShape& shape, KvTensor tensor) {
  return tensor == KvTensor::kKey ? shape.key_groups() : shape.value_groups();
}

void encode_affine(const AffineShape& shape, KvTensor tensor, TensorScratch& scratch, std::uint8_t* out) {
  const std::size_t groups = groups_of(shape, tensor);
  scratch.halves.resize(2 * groups);
  scratch.codes.resize(shape.elements());
  std::uint16_t* scales = scratch.halves.data();
  std::uint16_t* zeros = scales + groups;
  const auto quantize = tensor == KvTensor::kKey ? quantize_key : quantize_value;
  quantize(shape, scratch.values.data(), scales, zeros, scratch.codes.data());
  split_planes(scratch.halves.data(), 2 * groups, out);
  pack_bits(scratch.codes.data(), shape.elements(), shape.bits, out + 4 * groups);
}

void encode_fp16(TensorScratch& scratch, std::uint8_t* out) {
  const std::size_t n = scratch.values.size();
  scratch.halves.resize(n);
  for (std::size_t i = 0; i < n; ++i) scratch.halves[i] = float_to_half(scratch.values[i]);
  split_planes(scratch.halves.data(), n, out);
}

// Index of the first value that is not as it must be, or n.
std::size_t first_bad_scale(const std::uint16_t* scales, std::size_t n) {
  const auto bad = [](std::uint16_t bits) { return bits >= 0x7c00U; };  // negative, infinite or NaN
  return static_cast<std::size_t>(std::find_if(scales, scales + n, bad) - scales);
}
std::size_t first_not_finite(const std::uint16_t* values, std::size_t n) {
  const auto bad = [](std::uint16_t bits) { return !half_is_finite(bits); };
  return static_cast<std::size_t>(std::find_if(values, values + n, bad) - values);
}

Result<void> decode_affine(const AffineShape& shape, KvTensor tensor, const std::uint8_t* bytes,
                           TensorScratch& scratch, std::uint16_t* out) {
  const std::size_t groups = groups_of(shape, tensor);
  scratch.halves.resize(2 * groups);
  scratch.codes.resize(shape.elements());
  const std::uint16_t* scales = scratch.halves.data();
  const std::uint16_t* zeros = scales + groups;
  join_planes(bytes, 2 * groups, scratch.halves.data());
  if (const std::size_t bad = first_bad_scale(scales, groups); bad != groups) {
    return Error{"scale " + std::to_string(bad) + " is negative or not finite, expected a number from 0"};
  }
  if (const std::size_t bad = first_not_finite(zeros, groups); bad != groups) {
    return Error{"zero " + std::to_string(bad) + " is not finite, expected a number"};
  }
  if (!unpack_bits(bytes + 4 * groups, shape.elements(), shape.bits, scratch.codes.data())) {
    return Error{"unused bits after the codes are set, expected zero"};
  }
  const auto dequantize = tensor == KvTensor::kKey ? dequantize_key : dequantize_value;
  dequantize(shape, scales, zeros, scratch.codes.data(), out);
  return {};
}

}  // namespace

std::size_t tensor_size_bytes(const QuantStage& quant, KvTensor tensor, const KvGeometry& geometry,
                              std::size_t rows) {
  const std::size_t elements = rows * geometry.channels();
  if (quant.quantizer == Quantizer::kFp16) return 2 * elements;
  const AffineShape shape = shape_of(quant, rows, geometry.kv_heads, geometry.head_dim);
  return 4 * groups_of(shape, tensor) + packed_size_bytes(elements, shape.bits);
}

Result<void> encode_tensor(const QuantStage& quant, KvTensor tensor, const KvView& view,
                           std::size_t first_row, TensorScratch& scratch, std::vector<std::uint8_t>& out) {
  scratch.values.resize(view.elements());
  if (const std::size_t bad = load_rows(view, scratch.values.data()); bad != view.rows) {
    return Error{"row " + std::to_string(first_row + bad) +
                 " holds a value that is not finite or beyond 65504, expected FP16's range"};
  }
  const KvGeometry geometry{1, static_cast<std::uint32_t>(view.heads),
                            static_cast<std::uint32_t>(view.head_dim)};
  const std::size_t begin = out.size();
  out.resize(begin + tensor_size_bytes(quant, tensor, geometry, view.rows));
  if (quant.quantizer == Quantizer::kFp16) {
    encode_fp16(scratch, out.data() + begin);
  } else {
    encode_affine(shape_of(quant, view.rows, view.heads, view.head_dim), tensor, scratch, out.data() + begin);
  }
  return {};
}

Result<void> decode_tensor(const QuantStage& quant, KvTensor tensor, const KvGeometry& geometry,
                           std::size_t rows, std::span<const std::uint8_t> bytes, TensorScratch& scratch,
                           std::span<std::uint16_t> out) {
  assert(bytes.size() == tensor_size_bytes(quant, tensor, geometry, rows));
  assert(out.size() == rows * geometry.channels());
  if (quant.quantizer != Quantizer::kFp16) {
    const AffineShape shape = shape_of(quant, rows, geometry.kv_heads, geometry.head_dim);
    return decode_affine(shape, tensor, bytes.data(), scratch, out.data());
  }
  join_planes(bytes.data(), out.size(), out.data());
  if (const std::size_t bad = first_not_finite(out.data(), out.size()); bad != out.size()) {
    return Error{"value " + std::to_string(bad) + " is not finite, expected a number"};
  }
  return {};
}

}  // namespace kvferry
