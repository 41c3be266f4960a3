// SPDX-License-Identifier: MIT
#include "codec/chunk/chunk_decoder.h"

#include <algorithm>
#include <array>
#include <string>

#include "codec/entropy/entropy.h"
#include "codec/entropy/rans_adaptive.h"
#include "codec/half.h"

namespace kvferry {
namespace {

constexpr std::array kBoth = {KvTensor::kKey, KvTensor::kValue};

// Tables laid out for decoding that are kept from one block to the next.
constexpr std::size_t kMaxRansBytes = std::size_t{16} << 20;

bool contains(TensorPart part, KvTensor tensor) {
  return part == TensorPart::kBoth || (part == TensorPart::kKey) == (tensor == KvTensor::kKey);
}

Error cut(const char* what) { return {std::string(what) + " is cut off"}; }

}  // namespace

struct ChunkPayloadDecoder::Part {
  BlockCoding coding;
  BlockPlace place;
  std::vector<std::int32_t> positions;
  std::vector<std::uint32_t> rows;  // of the cache
  std::size_t parameter_size = 0;
  std::size_t packed_size = 0;
};

Result<std::vector<ChunkPayloadDecoder::Part>> ChunkPayloadDecoder::parts_of(const ChunkInfo& info,
                                                                             const ChunkHeader& header,
                                                                             const KvCache& cache) const {
  std::vector<Part> parts;
  for (std::uint32_t segment = 0; segment < header.segments; ++segment) {
    std::vector<std::uint32_t> rows = header.rows_of(segment);
    std::vector<std::int32_t> positions;
    for (std::uint32_t& row : rows) {
      row += info.row_begin;
      positions.push_back(cache.positions(info.layer_begin)[row]);
    }
    for (std::uint32_t i = 0; i < info.layer_count; ++i) {
      for (const KvTensor tensor : kBoth) {
        if (!contains(info.tensor, tensor)) continue;
        Part& part = parts.emplace_back();
        part.coding = header.coding(segment, tensor, i);
        part.positions = positions;
        part.rows = rows;
        part.place = {info.layer_begin + i, tensor, part.positions};
        if (auto valid = codec_.check(part.coding, part.place); !valid) {
          return valid.error().in("layer " + std::to_string(part.place.layer) + ' ' + to_string(tensor));
        }
        part.parameter_size = codec_.parameter_size(part.coding, part.place);
        part.packed_size = codec_.packed_size(part.coding, part.place);
      }
    }
  }
  return parts;
}

// values_ as FP16 into the part's rows.
void ChunkPayloadDecoder::store(const Part& part, KvCache& cache) const {
  const std::size_t channels = cache.geometry().channels();
  const auto data = part.place.tensor == KvTensor::kKey ? cache.key_data(part.place.layer)
                                                        : cache.value_data(part.place.layer);
  for (std::size_t i = 0; i < part.rows.size(); ++i) {
    std::uint16_t* to = data.data() + part.rows[i] * channels;
    const float* from = &values_[i * channels];
    for (std::size_t c = 0; c < channels; ++c)
      to[c] = float_to_half(std::clamp(from[c], -kHalfMax, kHalfMax));
  }
}

Result<void> ChunkPayloadDecoder::decode_packed(const Part& part, ByteView& body, KvCache& cache) {
  const std::size_t size = part.parameter_size + part.packed_size;
  const ByteView bytes = body.first(size);
  body = body.subspan(size);
  const KvGeometry& geometry = cache.geometry();
  const bool in_a_row = part.rows.back() - part.rows.front() + 1 == part.rows.size();
  if (in_a_row && !part.coding.has_transform()) {
    const auto data = part.place.tensor == KvTensor::kKey ? cache.key_data(part.place.layer)
                                                          : cache.value_data(part.place.layer);
    const BlockShape shape{part.rows.size(), geometry.kv_heads, geometry.head_dim};
    return decode_block(part.coding.spec, shape, bytes.data(), scratch_,
                        data.data() + part.rows.front() * geometry.channels());
  }
  auto unpacked = codec_.unpack(part.coding, part.place, bytes.subspan(part.parameter_size));
  if (!unpacked) return unpacked;
  auto decoded = codec_.decode(part.coding, part.place, bytes.first(part.parameter_size), values_);
  if (decoded) store(part, cache);
  return decoded;
}

void ChunkPayloadDecoder::drop_rans_tables() {
  for (auto& decoder : rans_) decoder.reset();
  rans_bytes_ = 0;
}

// length (v), 0 for packed | bytes
Result<void> ChunkPayloadDecoder::read_symbols(const Part& part, EntropyCoder coder, ByteReader& streams) {
  const std::size_t columns = codec_.symbol_columns(part.coding, part.place);
  if (columns == 0) {
    codec_.make_room(part.coding, part.place);
    return {};
  }
  const auto length = streams.take_varint();
  if (!length) return cut("stream length");
  const auto bytes = streams.take(*length == 0 ? part.packed_size : *length);
  if (!bytes) return cut("stream");
  if (*length == 0) return codec_.unpack(part.coding, part.place, *bytes);
  if (part.coding.spec.kind == QuantKind::kComponents) return Error{"stream of components, expected packed"};
  codec_.make_room(part.coding, part.place);
  if (coder == EntropyCoder::kRansAdaptive) {
    return rans_decode_adaptive(part.coding.spec.symbols, *bytes, columns, codec_.symbols());
  }
  const SymbolModel* model = context_.model(coder, part.place.layer, part.place.tensor);
  if (model == nullptr) return Error{"stream needs a symbol table, found none"};
  if (model->alphabet() != part.coding.spec.symbols ||
      (model->contexts() != 1 && model->contexts() != columns)) {
    return Error{"symbol table is of " + std::to_string(model->contexts()) + " x " +
                 std::to_string(model->alphabet()) + ", expected " + std::to_string(columns) + " x " +
                 std::to_string(part.coding.spec.symbols)};
  }
  auto& decoder = rans_[CodecContext::index_of(part.place.layer, part.place.tensor)];
  if (!decoder) {
    if (rans_bytes_ > kMaxRansBytes) drop_rans_tables();
    decoder.emplace(*model);
    rans_bytes_ += decoder->bytes();
  }
  return decoder->decode(*bytes, columns, codec_.symbols());
}

Result<void> ChunkPayloadDecoder::decode_rans(const Part& part, EntropyCoder coder, ByteView& parameters,
                                              ByteReader& streams, KvCache& cache) {
  if (auto read = read_symbols(part, coder, streams); !read) return read;
  const ByteView own = parameters.first(part.parameter_size);
  parameters = parameters.subspan(part.parameter_size);
  auto decoded = codec_.decode(part.coding, part.place, own, values_);
  if (decoded) store(part, cache);
  return decoded;
}

Result<void> ChunkPayloadDecoder::decode(const ChunkInfo& info, ByteView payload, KvCache& cache) {
  ByteReader in(payload);
  const auto header = ChunkHeader::parse(in, info.layer_count, info.row_count);
  if (!header) return header.error();
  const bool rans = header->coder > EntropyCoder::kZstd;
  if (rans && header->coder != context_.preset.entropy.coder) {
    return Error{"entropy coder is " + std::to_string(static_cast<unsigned>(header->coder)) +
                 ", expected 0, 1 or the preset's"};
  }
  const auto parts = parts_of(info, *header, cache);
  if (!parts) return parts.error();
  std::size_t size = 0;
  for (const Part& part : *parts) size += part.parameter_size + (rans ? 0 : part.packed_size);
  EntropyCoder body_coder = header->coder;
  ByteView coded = in.rest();
  if (rans) {
    const auto coder = in.take_le<std::uint8_t>();
    const auto length = in.take_varint();
    const auto bytes = length ? in.take(*length) : std::nullopt;
    if (!bytes) return cut("parameters");
    if (*coder > static_cast<std::uint8_t>(EntropyCoder::kZstd)) {
      return Error{"entropy coder of the parameters is " + std::to_string(*coder) + ", expected 0 or 1"};
    }
    body_coder = static_cast<EntropyCoder>(*coder);
    coded = *bytes;
  }
  body_.resize(size);
  if (auto done = entropy_decode(body_coder, coded, body_); !done) return done;
  ByteView rest = body_;
  for (const Part& part : *parts) {
    auto done = rans ? decode_rans(part, header->coder, rest, in, cache) : decode_packed(part, rest, cache);
    if (!done) {
      return done.error().in("layer " + std::to_string(part.place.layer) + ' ' +
                             to_string(part.place.tensor));
    }
  }
  if (rans && !in.at_end()) return Error{"bytes after the last stream, expected none"};
  return {};
}

}  // namespace kvferry
