// SPDX-License-Identifier: MIT
#include "codec/decoder.h"

#include <string>
#include <utility>

#include "codec/chunk/card_contents.h"
#include "codec/chunk/cell_map.h"

namespace kvferry {
namespace {

std::uint64_t rows_of(const Manifest& manifest, std::uint32_t layer) {
  return manifest.position_sets[manifest.layer_sets[layer]].size();
}

// Whether the card is one that this codec makes.
Result<Preset> check_kind(const Manifest& manifest) {
  const bool planes = manifest.codec == CodecId::kPlanes;
  if (!planes && manifest.codec != CodecId::kPipeline) {
    return Error{
        quoted("codec", static_cast<std::uint64_t>(manifest.codec), "1 (pipeline) or 2 (bit planes)")};
  }
  if (!manifest.model.k_after_rope) return Error{"K is stored before RoPE, expected after"};
  auto preset = parse_preset(manifest.preset);
  if (!preset) return preset;
  if (planes != preset->is_progressive()) {
    return Error{quoted("codec", static_cast<std::uint64_t>(manifest.codec), planes ? "1" : "2") +
                 " for the preset"};
  }
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
  std::vector<ChunkInfo> chunks;
  std::vector<bool> added;
  std::size_t missing_count = 0;
  std::unique_ptr<CardContents> contents;
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
  const bool planes = manifest.codec == CodecId::kPlanes;
  auto contents = planes ? open_plane_contents(manifest, *preset, options_)
                         : open_pipeline_contents(manifest, *preset, options_);
  if (!contents) return contents.error().in("decode");
  state_ = std::make_unique<State>();
  state_->contents = std::move(*contents);
  state_->chunks = manifest.chunks;
  state_->added.resize(state_->chunks.size());
  state_->missing_count = state_->chunks.size();
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
  std::vector<std::uint32_t> lost;
  auto read = state_->contents->add(index, payload, lost);
  if (!read && lost.empty()) return read.error().in(where);
  state_->added[index] = true;
  --state_->missing_count;
  for (const std::uint32_t chunk : lost) state_->added[chunk] = false;
  state_->missing_count += lost.size();
  return read ? read : read.error().in("decode");
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
  auto cache = state_->contents->take();
  state_.reset();
  return cache;
}

Result<KvCache> ChunkDecoder::snapshot() const {
  if (!state_) return Error{"decode: no card, expected begin first"};
  auto cache = state_->contents->snapshot();
  if (!cache) return cache.error().in("decode");
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

Result<KvCache> decode_beginning(const Card& card, std::uint32_t chunk_count, const DecodeOptions& options) {
  ChunkDecoder decoder(options);
  if (auto begun = decoder.begin(card.manifest); !begun) return begun.error();
  for (std::uint32_t i = 0; i < chunk_count; ++i) {
    if (card.chunks[i].size() == 0) continue;
    if (auto added = decoder.add(i, card.chunks[i].view()); !added) return added.error();
  }
  return decoder.snapshot();
}

}  // namespace kvferry
