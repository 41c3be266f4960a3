// SPDX-License-Identifier: MIT
#include <algorithm>
#include <string>
#include <utility>

#include "codec/chunk/card_contents.h"
#include "codec/chunk/cell_map.h"
#include "codec/chunk/chunk_decoder.h"
#include "codec/chunk/chunk_plan.h"

namespace kvferry {
namespace {

// Several layers share a chunk only where that keeps chunks from being small.
constexpr std::uint64_t kMaxMergedBytes = 1 << 20;

Result<void> check_chunk(const ChunkInfo& info, std::uint64_t row_bytes) {
  const std::uint64_t bytes = std::uint64_t{info.layer_count} * info.row_count * row_bytes;
  if (info.layer_count > 1 && bytes > kMaxMergedBytes) {
    return Error{
        quoted("FP16 size of its layers", bytes, "at most " + std::to_string(kMaxMergedBytes) + " bytes")};
  }
  if (info.row_count > kChunkRows) {
    return Error{quoted("rows", info.row_count, "at most " + std::to_string(kChunkRows))};
  }
  if (info.level != 0 || info.refines) return Error{quoted("level", info.level, "0, whole")};
  return {};
}

// Every (tensor, layer, row) is in exactly one chunk.
Result<void> check_cover(const Manifest& manifest) {
  const std::uint64_t row_bytes = geometry_of(manifest.model).channels() * 2 * sizeof(std::uint16_t);
  CellMap seen(manifest);
  for (std::size_t i = 0; i < manifest.chunks.size(); ++i) {
    const ChunkInfo& info = manifest.chunks[i];
    const std::string where = "chunk " + std::to_string(i);
    if (info.tensor == TensorPart::kTables) continue;
    if (auto fits = check_chunk(info, row_bytes); !fits) return fits.error().in(where);
    if (!seen.mark(info)) return Error{where + " overlaps another chunk, expected each row once"};
  }
  if (seen.is_full()) return {};
  return Error{quoted("rows in chunks", seen.marked(), std::to_string(seen.size()))};
}

class PipelineContents : public CardContents {
 public:
  PipelineContents(const Manifest& manifest, CodecContext context, KvCache cache, DecodeLimits limits)
      : context_(std::move(context)),
        payloads_(context_),
        limits_(limits),
        chunks_(manifest.chunks),
        tables_here_(chunks_.empty() || chunks_[0].tensor != TensorPart::kTables),
        known_(manifest),
        cache_(std::move(cache)) {}

  Result<void> add(std::uint32_t index, ByteView payload, std::vector<std::uint32_t>& lost) override {
    if (chunks_[index].tensor == TensorPart::kTables) {
      if (auto read = read_tables(payload); !read) return read;
      return decode_waiting(lost);
    }
    if (tables_here_) return decode(index, payload);
    waiting_.emplace_back(index, Bytes(payload.begin(), payload.end()));
    return {};
  }

  Result<KvCache> snapshot() const override;
  Result<KvCache> take() override { return std::move(cache_); }

 private:
  Result<void> read_tables(ByteView payload) {
    auto tables = CardTables::parse(payload, context_.geometry, limits_.max_table_bytes);
    if (!tables) return tables.error();
    context_.tables = std::move(*tables);
    tables_here_ = true;
    return {};
  }

  Result<void> decode(std::uint32_t index, ByteView payload) {
    if (auto read = payloads_.decode(chunks_[index], payload, cache_); !read) return read;
    (void)known_.mark(chunks_[index]);  // each chunk once, and they do not overlap
    return {};
  }

  Result<void> decode_waiting(std::vector<std::uint32_t>& lost) {
    Result<void> result;
    for (const auto& [index, bytes] : std::exchange(waiting_, {})) {
      auto decoded = decode(index, bytes);
      if (decoded) continue;
      lost.push_back(index);
      if (result) result = decoded.error().in("chunk " + std::to_string(index));
    }
    return result;
  }

  CodecContext context_;
  ChunkPayloadDecoder payloads_;
  DecodeLimits limits_;
  std::vector<ChunkInfo> chunks_;
  bool tables_here_;
  std::vector<std::pair<std::uint32_t, Bytes>> waiting_;  // for the tables
  CellMap known_;
  KvCache cache_;
};

// Rows that are known, of every layer.
std::vector<std::vector<std::uint32_t>> known_rows(const KvCache& cache, const CellMap& known) {
  std::vector<std::vector<std::uint32_t>> rows(cache.geometry().layers);
  for (std::uint32_t layer = 0; layer < cache.geometry().layers; ++layer) {
    for (std::uint32_t row = 0; row < cache.rows(layer); ++row) {
      if (known.has_row(layer, row)) rows[layer].push_back(row);
    }
  }
  return rows;
}

Result<KvCache> PipelineContents::snapshot() const {
  const auto rows = known_rows(cache_, known_);
  std::vector<std::vector<std::int32_t>> positions(rows.size());
  for (std::size_t layer = 0; layer < rows.size(); ++layer) {
    for (const std::uint32_t row : rows[layer]) positions[layer].push_back(cache_.positions(layer)[row]);
  }
  auto part = KvCache::create(cache_.geometry(), std::move(positions), cache_.token_count());
  if (!part) return part;
  const auto channels = static_cast<std::ptrdiff_t>(cache_.geometry().channels());
  for (std::size_t layer = 0; layer < rows.size(); ++layer) {
    for (std::size_t i = 0; i < rows[layer].size(); ++i) {
      const auto from = static_cast<std::ptrdiff_t>(rows[layer][i]) * channels;
      const auto to = static_cast<std::ptrdiff_t>(i) * channels;
      std::copy_n(cache_.key_data(layer).begin() + from, channels, part->key_data(layer).begin() + to);
      std::copy_n(cache_.value_data(layer).begin() + from, channels, part->value_data(layer).begin() + to);
    }
  }
  return part;
}

}  // namespace

Result<std::unique_ptr<CardContents>> open_pipeline_contents(const Manifest& manifest, const Preset& preset,
                                                             const DecodeOptions& options) {
  if (auto valid = check_cover(manifest); !valid) return valid.error();
  CodecContext context;
  context.geometry = geometry_of(manifest.model);
  context.rope_theta = manifest.model.rope_theta;
  context.preset = preset;
  if (manifest.calibration) context.calibration = options.calibration;
  if (auto ready = context.prepare(); !ready) return ready.error();
  auto cache = make_empty_cache(manifest);
  if (!cache) return cache.error();
  return std::unique_ptr<CardContents>(
      std::make_unique<PipelineContents>(manifest, std::move(context), std::move(*cache), options.limits));
}

}  // namespace kvferry
