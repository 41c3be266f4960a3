// SPDX-License-Identifier: MIT
#include "codec/quant/block.h"

#include <algorithm>
#include <cassert>
#include <string>

#include "codec/cuda/block_cuda.h"
#include "codec/half.h"
#include "codec/quant/bitpack.h"
#include "codec/quant/decode_rows.h"
#include "codec/quant/encode_rows.h"
#include "codec/quant/grouping.h"
#include "codec/quant/kernels.h"
#include "codec/quant/load.h"

namespace kvferry {
namespace {

Result<void> check_rows(const KvView& view, std::size_t first_row, std::vector<float>& work) {
  work.resize(view.channels());
  for (std::size_t row = 0; row < view.rows; ++row) {
    if (!load_row(view, row, work.data())) return bad_row(first_row + row);
  }
  return {};
}

Result<void> encode_fp16(const KvView& view, std::size_t first_row, BlockScratch& scratch,
                         std::uint8_t* out) {
  const std::size_t columns = view.channels();
  scratch.values.resize(columns);
  scratch.halves.resize(view.elements());
  for (std::size_t row = 0; row < view.rows; ++row) {
    if (!load_row(view, row, scratch.values.data())) return bad_row(first_row + row);
    kernels::to_halves(scratch.values.data(), columns, scratch.halves.data() + row * columns);
  }
  split_planes(scratch.halves.data(), scratch.halves.size(), out);
  return {};
}

Result<void> decode_fp16(const BlockShape& shape, const std::uint8_t* in, std::uint16_t* out) {
  const std::size_t n = shape.elements();
  join_planes(in, n, out);
  const auto bad = [](std::uint16_t bits) { return !half_is_finite(bits); };
  const std::uint16_t* found = std::find_if(out, out + n, bad);
  if (found == out + n) return {};
  return Error{"value " + std::to_string(found - out) + " is not finite, expected a number"};
}

}  // namespace

Error bad_row(std::size_t row) {
  return {"row " + std::to_string(row) +
          " holds a value that is not finite or beyond 65504, expected FP16's range"};
}

std::size_t block_bytes(const QuantSpec& spec, const BlockShape& shape) {
  if (spec.kind == QuantKind::kFp16) return 2 * shape.elements();
  return 2 * parameter_count(spec, shape) + packed_size_bytes(shape.elements(), spec.bits());
}

Result<void> encode_block(const QuantSpec& spec, const KvView& view, std::size_t first_row,
                          BlockScratch& scratch, std::uint8_t* out) {
  assert(spec.kind != QuantKind::kComponents);
  if (view.device == Device::kCuda) return cuda::encode_block(spec, view, first_row, out);
  if (spec.kind == QuantKind::kFp16) return encode_fp16(view, first_row, scratch, out);
  const BlockShape shape = shape_of(view);
  const std::size_t n = parameter_count(spec, shape);
  scratch.halves.resize(n);
  SymbolSink sink(shape, spec.bits(), out + 2 * n, scratch.symbols);
  if (!encode_rows(spec, view, scratch.values, scratch.halves.data(), sink)) {
    return check_rows(view, first_row, scratch.values);
  }
  split_planes(scratch.halves.data(), n, out);
  return {};
}

Result<void> decode_block(const QuantSpec& spec, const BlockShape& shape, const std::uint8_t* in,
                          BlockScratch& scratch, std::uint16_t* out, Device device) {
  assert(spec.kind != QuantKind::kComponents);
  if (device == Device::kCuda) return cuda::decode_block(spec, shape, in, out);
  if (spec.kind == QuantKind::kFp16) return decode_fp16(shape, in, out);
  const std::size_t n = parameter_count(spec, shape);
  scratch.halves.resize(n);
  join_planes(in, n, scratch.halves.data());
  SymbolSource source(shape, spec.bits(), in + 2 * n, scratch.symbols);
  return decode_rows(spec, shape, scratch.halves.data(), source, scratch.values, out);
}

}  // namespace kvferry
