// SPDX-License-Identifier: MIT
#include "codec/chunk_payload.h"

#include <array>
#include <bit>
#include <string>

namespace kvferry {
namespace {

constexpr std::array kBoth = {KvTensor::kKey, KvTensor::kValue};

std::string place(std::uint32_t layer, KvTensor tensor) {
  return "layer " + std::to_string(layer) + ' ' + to_string(tensor);
}

bool contains(TensorPart part, KvTensor tensor) {
  return part == TensorPart::kBoth || (part == TensorPart::kKey) == (tensor == KvTensor::kKey);
}

std::size_t layer_bytes(const QuantStage& quant, TensorPart part, const KvGeometry& geometry,
                        std::size_t rows) {
  std::size_t bytes = 0;
  for (const KvTensor tensor : kBoth) {
    if (contains(part, tensor)) bytes += tensor_size_bytes(quant, tensor, geometry, rows);
  }
  return bytes;
}

std::uint8_t group_byte(const QuantStage& quant) {
  if (quant.quantizer == Quantizer::kFp16) return 0;
  return static_cast<std::uint8_t>(std::countr_zero(quant.group));
}

}  // namespace

Result<Bytes> ChunkEncoder::encode(const KvCache& cache, const ChunkBlock& block) {
  const KvGeometry& geometry = cache.geometry();
  QuantStage quant;  // fp16
  if (layer_bytes(quant_, TensorPart::kBoth, geometry, block.row_count) <
      layer_bytes(quant, TensorPart::kBoth, geometry, block.row_count)) {
    quant = quant_;
  }
  body_.clear();
  for (std::uint32_t i = 0; i < block.layer_count; ++i) {
    const std::uint32_t layer = block.layer_begin + i;
    for (const KvTensor tensor : kBoth) {
      const KvView whole = tensor == KvTensor::kKey ? cache.key(layer) : cache.value(layer);
      const KvView view = whole.rows_at(block.row_begin, block.row_count);
      auto coded = encode_tensor(quant, tensor, view, block.row_begin, scratch_, body_);
      if (!coded) return coded.error().in(place(layer, tensor));
    }
  }
  Bytes payload(kChunkHeaderBytes);
  const EntropyCoder coder = entropy_.append(body_, payload);
  payload[0] =
      static_cast<std::uint8_t>(static_cast<unsigned>(quant.quantizer) | (static_cast<unsigned>(coder) << 4));
  payload[1] = group_byte(quant);
  return payload;
}

// The preset's quantizer, or fp16 in its place.
Result<QuantStage> ChunkPayloadDecoder::read_quant(ByteView payload) const {
  const unsigned quantizer = payload[0] & 0xfU;
  QuantStage quant;
  if (quantizer != static_cast<unsigned>(Quantizer::kFp16)) quant = quant_;
  if (quantizer != static_cast<unsigned>(quant.quantizer)) {
    return Error{"quantizer is " + std::to_string(quantizer) + ", expected 0 (fp16) or " +
                 std::to_string(static_cast<unsigned>(quant_.quantizer)) + " (" +
                 std::string(to_string(quant_.quantizer)) + ", as the preset says)"};
  }
  if (payload[1] != group_byte(quant)) {
    return Error{"group exponent is " + std::to_string(payload[1]) + ", expected " +
                 std::to_string(group_byte(quant))};
  }
  return quant;
}

Result<void> ChunkPayloadDecoder::decode(const ChunkInfo& info, ByteView payload, KvCache& cache) {
  const KvGeometry& geometry = cache.geometry();
  if (payload.size() < kChunkHeaderBytes) {
    return Error{"payload is " + std::to_string(payload.size()) + " bytes, expected a header of 2"};
  }
  const auto quant = read_quant(payload);
  if (!quant) return quant.error();
  const unsigned coder = payload[0] >> 4;
  if (coder > static_cast<unsigned>(EntropyCoder::kZstd)) {
    return Error{"entropy coder is " + std::to_string(coder) + ", expected 0 (none) or 1 (zstd)"};
  }
  body_.resize(info.layer_count * layer_bytes(*quant, info.tensor, geometry, info.row_count));
  auto decoded = entropy_decode(static_cast<EntropyCoder>(coder), payload.subspan(kChunkHeaderBytes), body_);
  if (!decoded) return decoded;
  std::span<const std::uint8_t> rest = body_;
  const std::size_t channels = geometry.channels();
  for (std::uint32_t layer = info.layer_begin; layer < info.layer_begin + info.layer_count; ++layer) {
    for (const KvTensor tensor : kBoth) {
      if (!contains(info.tensor, tensor)) continue;
      const auto data = tensor == KvTensor::kKey ? cache.key_data(layer) : cache.value_data(layer);
      const auto out = data.subspan(info.row_begin * channels, info.row_count * channels);
      const std::size_t size = tensor_size_bytes(*quant, tensor, geometry, info.row_count);
      auto filled = decode_tensor(*quant, tensor, geometry, info.row_count, rest.first(size), scratch_, out);
      if (!filled) return filled.error().in(place(layer, tensor));
      rest = rest.subspan(size);
    }
  }
  return {};
}

}  // namespace kvferry
