// SPDX-License-Identifier: MIT
#include "codec/decoder.h"

#include <optional>
#include <string>
#include <utility>

#include "codec/chunk/chunk_decoder.h"
#include "codec/chunk/chunk_plan.h"

namespace kvferry {
namespace {

// Several layers share a chunk only where that keeps chunks from being small.
constexpr std::uint64_t kMaxMergedBytes = 1 << 20;

std::string quoted(const char* name, std::uint64_t got, const std::string& expected) {
  return std::string(name) + " is " + std::to_string(got) + ", expected " + expected;
}

KvGeometry geometry_of(const ModelIdentity& model) { return {model.layers, model.kv_heads, model.head_dim}; }

std::uint64_t rows_of(const Manifest& manifest, std::uint32_t layer) {
  return manifest.position_sets[manifest.layer_sets[layer]].size();
}

// Whether the card is one that this codec makes.
Result<Preset> check_kind(const Manifest& manifest) {
  if (manifest.codec != CodecId::kPipeline) {
    return Error{quoted("codec", static_cast<std::uint64_t>(manifest.codec), "1 (pipeline)")};
  }
  if (manifest.base) return Error{"card is a delta, expected one without a base"};
  if (!manifest.model.k_after_rope) return Error{"K is stored before RoPE, expected after"};
  auto preset = parse_preset(manifest.preset);
  if (!preset) return preset;
  if (manifest.query_aware != preset->is_query_aware()) {
    return Error{quoted("query_aware", manifest.query_aware, preset->is_query_aware() ? "1" : "0") +
                 " for the preset"};
  }
  return preset;
}

// Whether the sizes agree with each other and with the limits.
Result<void> check_size(const Manifest& manifest, const DecodeLimits& limits) {
  const std::uint64_t full = manifest.token_count * manifest.model.fp16_bytes_per_token();
  if (manifest.raw_bytes != full) return Error{quoted("raw_bytes", manifest.raw_bytes, std::to_string(full))};
  const std::uint64_t row_bytes = geometry_of(manifest.model).channels() * 2 * sizeof(std::uint16_t);
  std::uint64_t bytes = 0;
  for (std::uint32_t layer = 0; layer < manifest.model.layers; ++layer) {
    bytes += rows_of(manifest, layer) * row_bytes;
  }
  if (bytes <= limits.max_cache_bytes) return {};
  return Error{quoted("cache size", bytes, "at most " + std::to_string(limits.max_cache_bytes) + " bytes")};
}

// Every (tensor, layer, row) is in exactly one chunk: none is in two, and the counts agree.
Result<void> check_cover(const Manifest& manifest) {
  std::vector<std::uint64_t> first_cell;  // of each layer
  std::uint64_t cells = 0;                // of one tensor
  for (std::uint32_t layer = 0; layer < manifest.model.layers; ++layer) {
    first_cell.push_back(cells);
    cells += rows_of(manifest, layer);
  }
  std::vector<bool> seen(2 * cells);
  const std::uint64_t row_bytes = geometry_of(manifest.model).channels() * 2 * sizeof(std::uint16_t);
  std::uint64_t covered = 0;
  for (std::size_t i = 0; i < manifest.chunks.size(); ++i) {
    const ChunkInfo& info = manifest.chunks[i];
    const std::string where = "chunk " + std::to_string(i);
    if (info.tensor == TensorPart::kTables) continue;
    const std::uint64_t bytes = std::uint64_t{info.layer_count} * info.row_count * row_bytes;
    if (info.layer_count > 1 && bytes > kMaxMergedBytes) {
      return Error{
          where + ": " +
          quoted("FP16 size of its layers", bytes, "at most " + std::to_string(kMaxMergedBytes) + " bytes")};
    }
    if (info.row_count > kChunkRows) {
      return Error{where + ": " + quoted("rows", info.row_count, "at most " + std::to_string(kChunkRows))};
    }
    if (info.level != 0 || info.refines) return Error{where + ": " + quoted("level", info.level, "0, whole")};
    for (std::uint32_t layer = info.layer_begin; layer < info.layer_begin + info.layer_count; ++layer) {
      for (std::uint64_t tensor = 0; tensor < 2; ++tensor) {
        if (info.tensor != TensorPart::kBoth && static_cast<std::uint64_t>(info.tensor) != tensor) continue;
        const std::uint64_t begin = tensor * cells + first_cell[layer] + info.row_begin;
        for (std::uint64_t cell = begin; cell < begin + info.row_count; ++cell) {
          if (seen[cell]) return Error{where + " overlaps another chunk, expected each row once"};
          seen[cell] = true;
        }
        covered += info.row_count;
      }
    }
  }
  if (covered == 2 * cells) return {};
  return Error{quoted("rows in chunks", covered, std::to_string(2 * cells))};
}

Result<KvCache> make_cache(const Manifest& manifest) {
  std::vector<std::vector<std::int32_t>> positions;
  for (const std::uint32_t set : manifest.layer_sets) {
    positions.push_back(manifest.position_sets[set].positions());
  }
  return KvCache::create(geometry_of(manifest.model), std::move(positions),
                         static_cast<std::uint32_t>(manifest.token_count));
}

CodecContext context_of(const Manifest& manifest, const Preset& preset, const DecodeOptions& options) {
  CodecContext context;
  context.geometry = geometry_of(manifest.model);
  context.rope_theta = manifest.model.rope_theta;
  context.preset = preset;
  if (manifest.calibration) context.calibration = options.calibration;
  return context;
}

// The calibration that the manifest names is the one that is here.
Result<void> check_calibration(const Manifest& manifest, const Preset& preset, const DecodeOptions& options) {
  if (manifest.calibration.has_value() != preset.needs_calibration()) {
    return Error{manifest.calibration ? "the manifest names a calibration, the preset needs none"
                                      : "the preset needs a calibration, the manifest names none"};
  }
  if (!manifest.calibration) return {};
  if (options.calibration == nullptr) {
    return Error{"the card needs calibration " + manifest.calibration->hex() + ", found none"};
  }
  if (options.calibration->digest == *manifest.calibration) return {};
  return Error{"calibration is " + options.calibration->digest.hex() + ", expected " +
               manifest.calibration->hex()};
}

}  // namespace

struct ChunkDecoder::State {
  CodecContext context;
  std::optional<ChunkPayloadDecoder> payloads;
  std::vector<ChunkInfo> chunks;
  std::vector<bool> added;
  std::size_t missing_count = 0;
  bool tables_here = true;
  std::vector<std::pair<std::uint32_t, Bytes>> waiting;  // for the tables
  KvCache cache;

  [[nodiscard]] Result<void> read_tables(ByteView payload, const DecodeLimits& limits) {
    auto tables = CardTables::parse(payload, context.geometry, limits.max_table_bytes);
    if (!tables) return tables.error();
    context.tables = std::move(*tables);
    tables_here = true;
    return {};
  }

  // Chunks that came before the tables. One that does not decode is missing again; the error is the first's.
  [[nodiscard]] Result<void> decode_waiting() {
    Result<void> result;
    for (const auto& [index, bytes] : std::exchange(waiting, {})) {
      auto decoded = payloads->decode(chunks[index], bytes, cache);
      if (decoded) continue;
      added[index] = false;
      ++missing_count;
      if (result) result = decoded.error().in("decode: chunk " + std::to_string(index));
    }
    return result;
  }
};

ChunkDecoder::ChunkDecoder(DecodeOptions options) : options_(std::move(options)) {}
ChunkDecoder::~ChunkDecoder() = default;
ChunkDecoder::ChunkDecoder(ChunkDecoder&&) noexcept = default;
ChunkDecoder& ChunkDecoder::operator=(ChunkDecoder&&) noexcept = default;

Result<void> ChunkDecoder::begin(const Manifest& manifest) {
  state_.reset();
  if (auto valid = manifest.validate(); !valid) return valid.error().in("decode");
  const auto preset = check_kind(manifest);
  if (!preset) return preset.error().in("decode");
  if (auto valid = check_calibration(manifest, *preset, options_); !valid) return valid.error().in("decode");
  if (auto valid = check_size(manifest, options_.limits); !valid) return valid.error().in("decode");
  if (auto valid = check_cover(manifest); !valid) return valid.error().in("decode");
  auto state = std::make_unique<State>();
  state->context = context_of(manifest, *preset, options_);
  if (auto ready = state->context.prepare(); !ready) return ready.error().in("decode");
  auto cache = make_cache(manifest);
  if (!cache) return cache.error().in("decode");
  state->cache = std::move(*cache);
  state->payloads.emplace(state->context);
  state->chunks = manifest.chunks;
  state->added.resize(state->chunks.size());
  state->missing_count = state->chunks.size();
  state->tables_here = state->chunks.empty() || state->chunks[0].tensor != TensorPart::kTables;
  state_ = std::move(state);
  return {};
}

Result<void> ChunkDecoder::add(std::uint32_t index, ByteView payload) {
  if (!state_) return Error{"decode: chunk before a manifest, expected begin first"};
  const std::string where = "decode: chunk " + std::to_string(index);
  const std::vector<ChunkInfo>& chunks = state_->chunks;
  if (index >= chunks.size()) {
    return Error{where + " is not in the table, expected below " + std::to_string(chunks.size())};
  }
  if (state_->added[index]) return Error{where + " came twice, expected each once"};
  if (payload.size() != chunks[index].size_bytes) {
    return Error{where + ": " + quoted("size", payload.size(), std::to_string(chunks[index].size_bytes))};
  }
  if (chunks[index].tensor == TensorPart::kTables) {
    if (auto read = state_->read_tables(payload, options_.limits); !read) return read.error().in(where);
  } else if (!state_->tables_here) {
    state_->waiting.emplace_back(index, Bytes(payload.begin(), payload.end()));
  } else if (auto read = state_->payloads->decode(chunks[index], payload, state_->cache); !read) {
    return read.error().in(where);
  }
  state_->added[index] = true;
  --state_->missing_count;
  return state_->tables_here ? state_->decode_waiting() : Result<void>();
}

std::vector<std::uint32_t> ChunkDecoder::missing() const {
  std::vector<std::uint32_t> indices;
  for (std::uint32_t i = 0; state_ && i < state_->added.size(); ++i) {
    if (!state_->added[i]) indices.push_back(i);
  }
  return indices;
}

bool ChunkDecoder::complete() const { return state_ != nullptr && state_->missing_count == 0; }

Result<KvCache> ChunkDecoder::take() {
  if (!state_) return Error{"decode: no card, expected begin first"};
  if (!complete()) {
    return Error{"decode: " + std::to_string(state_->missing_count) + " of " +
                 std::to_string(state_->chunks.size()) + " chunks are missing, expected all"};
  }
  KvCache cache = std::move(state_->cache);
  state_.reset();
  return cache;
}

Result<KvCache> decode(const Card& card, const DecodeOptions& options) {
  ChunkDecoder decoder(options);
  if (auto intact = card.verify(); !intact) return intact.error().in("decode");
  if (auto begun = decoder.begin(card.manifest); !begun) return begun.error();
  for (std::uint32_t i = 0; i < card.chunks.size(); ++i) {
    if (auto added = decoder.add(i, card.chunks[i].view()); !added) return added.error();
  }
  return decoder.take();
}

}  // namespace kvferry
