// SPDX-License-Identifier: MIT
#include "codec/chunk/chunk_encoder.h"

#include <array>
#include <string>

#include "codec/entropy/rans_adaptive.h"
#include "codec/quant/load.h"
#include "protocol/base/varint.h"

namespace kvferry {
namespace {

constexpr std::array kBoth = {KvTensor::kKey, KvTensor::kValue};

bool is_rans(EntropyCoder coder) { return coder > EntropyCoder::kZstd; }

// Whether the model was made for such a block.
bool fits(const SymbolModel* model, std::size_t alphabet, std::size_t columns) {
  return model != nullptr && model->alphabet() == alphabet &&
         (model->contexts() == 1 || model->contexts() == columns);
}

}  // namespace

struct ChunkEncoder::Part {
  BlockPlace place;
  BlockCoding coding;
  KvView view;                          // all rows of the chunk
  std::span<const std::uint32_t> rows;  // of the segment; empty: all
  std::size_t first_row = 0;            // of the chunk, for errors
};

ChunkHeader ChunkEncoder::make_header(const KvCache& cache, const ChunkBlock& block) {
  ChunkHeader header;
  header.coder = context_.preset.entropy.coder;
  const auto positions = cache.positions(block.layer_begin).subspan(block.row_begin, block.row_count);
  std::array<int, kMaxSegments> segment_of{};
  segment_of.fill(-1);
  std::array<std::size_t, kMaxSegments> counts{};
  std::vector<std::size_t> classes;
  for (const std::int32_t position : positions) {
    const std::uint8_t of_class = plan_.position_class[static_cast<std::size_t>(position)];
    if (segment_of[of_class] < 0) {
      segment_of[of_class] = static_cast<int>(classes.size());
      classes.push_back(of_class);
    }
    header.row_segment.push_back(static_cast<std::uint8_t>(segment_of[of_class]));
    ++counts[header.row_segment.back()];
  }
  header.segments = static_cast<std::uint32_t>(classes.size());
  for (std::size_t segment = 0; segment < classes.size(); ++segment) {
    for (const KvTensor tensor : kBoth) {
      for (std::uint32_t i = 0; i < block.layer_count; ++i) {
        BlockCoding coding = plan_.coding(classes[segment], tensor, block.layer_begin + i);
        const BlockPlace place{block.layer_begin + i, tensor, positions.first(counts[segment])};
        const std::size_t fp16 = 2 * counts[segment] * cache.geometry().channels();
        if (codec_.parameter_size(coding, place) + codec_.packed_size(coding, place) >= fp16) coding = {};
        header.codings.push_back(coding);
      }
    }
  }
  return header;
}

template <typename Visit>
Result<void> ChunkEncoder::for_each_part(const KvCache& cache, const ChunkBlock& block,
                                         const ChunkHeader& header, const Visit& visit) {
  for (std::uint32_t segment = 0; segment < header.segments; ++segment) {
    std::vector<std::uint32_t> rows;
    std::vector<std::int32_t> positions;
    const auto all = cache.positions(block.layer_begin).subspan(block.row_begin, block.row_count);
    if (header.segments > 1) {
      rows = header.rows_of(segment);
      for (const std::uint32_t row : rows) positions.push_back(all[row]);
    }
    for (std::uint32_t i = 0; i < block.layer_count; ++i) {
      const std::uint32_t layer = block.layer_begin + i;
      for (const KvTensor tensor : kBoth) {
        Part part;
        part.place = {layer, tensor, rows.empty() ? all : std::span<const std::int32_t>(positions)};
        part.coding = header.coding(segment, tensor, i);
        const KvView whole = tensor == KvTensor::kKey ? cache.key(layer) : cache.value(layer);
        part.view = whole.rows_at(block.row_begin, block.row_count);
        part.rows = rows;
        part.first_row = block.row_begin;
        if (auto done = visit(part); !done) {
          return done.error().in("layer " + std::to_string(layer) + ' ' + to_string(tensor));
        }
      }
    }
  }
  return {};
}

// Fills values_ with the part's rows.
Result<void> ChunkEncoder::load(const Part& part) {
  const std::size_t channels = part.view.channels();
  values_.resize(part.place.positions.size() * channels);
  if (part.rows.empty()) {
    const std::size_t bad = load_rows(part.view, values_.data());
    if (bad != part.view.rows) return bad_row(part.first_row + bad);
    return {};
  }
  for (std::size_t i = 0; i < part.rows.size(); ++i) {
    const KvView row = part.view.rows_at(part.rows[i], 1);
    if (load_rows(row, &values_[i * channels]) != 1) return bad_row(part.first_row + part.rows[i]);
  }
  return {};
}

Result<void> ChunkEncoder::encode_packed(const Part& part) {
  if (part.rows.empty() && !part.coding.has_transform()) {
    const BlockShape shape{part.view.rows, part.view.heads, part.view.head_dim};
    const std::size_t begin = body_.size();
    body_.resize(begin + block_bytes(part.coding.spec, shape));
    return encode_block(part.coding.spec, part.view, part.first_row, scratch_, body_.data() + begin);
  }
  if (auto loaded = load(part); !loaded) return loaded;
  codec_.encode(part.coding, part.place, values_, body_);
  codec_.pack(part.coding, part.place, body_);
  return {};
}

// Nothing where the block has no table.
void ChunkEncoder::append_stream(const Part& part, std::size_t columns, Bytes& out) {
  const std::size_t alphabet = part.coding.spec.symbols;
  const EntropyCoder coder = context_.preset.entropy.coder;
  if (coder == EntropyCoder::kRansAdaptive)
    return rans_encode_adaptive(alphabet, codec_.symbols(), columns, out);
  const SymbolModel* model = context_.model(coder, part.place.layer, part.place.tensor);
  if (!fits(model, alphabet, columns)) return;
  auto& encoder = rans_[CodecContext::index_of(part.place.layer, part.place.tensor)];
  if (!encoder) encoder.emplace(*model);
  encoder->encode(codec_.symbols(), columns, out);
}

Result<void> ChunkEncoder::encode_rans(const Part& part) {
  if (auto loaded = load(part); !loaded) return loaded;
  codec_.encode(part.coding, part.place, values_, body_);
  const std::size_t columns = codec_.symbol_columns(part.coding, part.place);
  if (columns == 0) return {};
  Bytes coded;
  if (part.coding.spec.kind != QuantKind::kComponents) append_stream(part, columns, coded);
  const std::size_t packed = codec_.packed_size(part.coding, part.place);
  body_bytes_ += packed;
  if (coded.empty() || coded.size() >= packed) {
    put_varint(streams_, 0);
    codec_.pack(part.coding, part.place, streams_);
  } else {
    put_varint(streams_, coded.size());
    append(streams_, coded);
  }
  return {};
}

void ChunkEncoder::append_packed_body(Bytes& payload, ChunkHeader& header) {
  Bytes coded;
  header.coder = entropy_.append(body_, coded);
  header.serialize(payload);
  append(payload, coded);
}

// coder of the parameters (1) | their coded size (v) | parameters | streams
void ChunkEncoder::append_rans_body(Bytes& payload) {
  Bytes coded;
  const EntropyCoder coder = parameters_entropy_.append(body_, coded);
  payload.push_back(static_cast<std::uint8_t>(coder));
  put_varint(payload, coded.size());
  append(payload, coded);
  append(payload, streams_);
}

Result<Bytes> ChunkEncoder::encode(const KvCache& cache, const ChunkBlock& block) {
  ChunkHeader header = make_header(cache, block);
  body_.clear();
  streams_.clear();
  body_bytes_ = 0;
  const bool rans = is_rans(header.coder);
  auto done = for_each_part(cache, block, header,
                            [&](const Part& part) { return rans ? encode_rans(part) : encode_packed(part); });
  if (!done) return done.error();
  body_bytes_ += body_.size();
  Bytes payload;
  if (rans) {
    header.serialize(payload);
    append_rans_body(payload);
  } else {
    append_packed_body(payload, header);
  }
  return payload;
}

Result<void> ChunkEncoder::count(const KvCache& cache, const ChunkBlock& block,
                                 SymbolStatistics& statistics) {
  const ChunkHeader header = make_header(cache, block);
  return for_each_part(cache, block, header, [&](const Part& part) -> Result<void> {
    const std::size_t columns = codec_.symbol_columns(part.coding, part.place);
    const bool counted = columns != 0 && part.coding.spec.kind != QuantKind::kComponents &&
                         part.coding == plan_.coding(plan_.main_class, part.place.tensor, part.place.layer);
    if (!counted) return {};
    if (auto loaded = load(part); !loaded) return loaded;
    Bytes parameters;
    codec_.encode(part.coding, part.place, values_, parameters);
    auto& counts = statistics[CodecContext::index_of(part.place.layer, part.place.tensor)];
    if (!counts) counts.emplace(columns, part.coding.spec.symbols);
    // Where an allocation gave other bits in another document, that block has no table.
    if (counts->alphabet() != part.coding.spec.symbols || counts->contexts() != columns) return {};
    counts->add(codec_.symbols(), columns);
    return {};
  });
}

}  // namespace kvferry
