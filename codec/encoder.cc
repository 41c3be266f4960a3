// SPDX-License-Identifier: MIT
#include "codec/encoder.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "codec/chunk_payload.h"
#include "codec/chunk_plan.h"
#include "codec/decoder.h"

namespace kvferry {
namespace {

// What selection leaves: a part of the cache, and the scores of its rows if there are any.
struct Selected {
  std::optional<KvCache> part;  // none: the whole cache
  std::vector<float> scores;
};

Result<void> check_options(const KvCache& cache, const EncodeOptions& options) {
  const KvGeometry& ours = cache.geometry();
  const ModelIdentity& model = options.model;
  if (ours.layers == 0) return Error{"encode: the cache is empty, expected at least one layer"};
  if (ours != KvGeometry{model.layers, model.kv_heads, model.head_dim}) {
    const auto text = [](std::uint32_t layers, std::uint32_t heads, std::uint32_t dim) {
      return std::to_string(layers) + " layers x " + std::to_string(heads) + " heads x " +
             std::to_string(dim);
    };
    return Error{"encode: the cache is " + text(ours.layers, ours.kv_heads, ours.head_dim) +
                 ", expected the model's " + text(model.layers, model.kv_heads, model.head_dim)};
  }
  if (!model.k_after_rope) return Error{"encode: the model identity says K before RoPE, expected after"};
  return {};
}

Result<Selected> select(const KvCache& cache, const EncodeOptions& options) {
  const SelectStage& stage = options.preset.select;
  Selected selected;
  if (stage.policy == SelectPolicy::kFull) return selected;
  std::vector<float> scores;
  if (stage.policy == SelectPolicy::kQ2c) {
    const std::string method(to_string(stage.policy));
    if (!options.scores) return Error{"encode: " + method + " needs scores, expected a model to ask"};
    auto asked = options.scores(method);
    if (!asked) return asked.error();
    scores = std::move(*asked);
  }
  const auto rows = select_rows(stage, scores, cache.rows(0), options.seed);
  if (!rows) return rows.error();
  auto part = keep_rows(cache, *rows);
  if (!part) return part.error();
  selected.part = std::move(*part);
  if (!scores.empty()) {
    for (const std::uint32_t row : *rows) selected.scores.push_back(scores[row]);
  }
  return selected;
}

// One position set for each run of layers that share it.
Result<void> describe_positions(const KvCache& cache, Manifest& manifest) {
  for (std::uint32_t layer = 0; layer < cache.geometry().layers; ++layer) {
    auto set = PositionSet::from_positions(cache.positions(layer));
    if (!set) return set.error().in("layer " + std::to_string(layer));
    const auto same = std::find(manifest.position_sets.begin(), manifest.position_sets.end(), *set);
    manifest.layer_sets.push_back(static_cast<std::uint32_t>(same - manifest.position_sets.begin()));
    if (same == manifest.position_sets.end()) manifest.position_sets.push_back(std::move(*set));
  }
  return {};
}

Result<void> add_chunks(const KvCache& cache, const Preset& preset, std::span<const float> scores, Card& card,
                        EncodeStats& stats) {
  ChunkEncoder encoder(preset);
  for (const ChunkBlock& block : plan_chunks(cache, scores)) {
    auto payload = encoder.encode(cache, block);
    if (!payload) return payload.error().in("encode");
    stats.body_bytes += encoder.body_bytes();
    stats.payload_bytes += payload->size();
    ChunkInfo info;
    info.layer_begin = block.layer_begin;
    info.layer_count = block.layer_count;
    info.row_begin = block.row_begin;
    info.row_count = block.row_count;
    info.importance = block.importance;
    add_chunk(card, info, Slice(std::move(*payload)));
  }
  return {};
}

Result<void> measure(const QualityProbe& probe, Card& card) {
  auto decoded = decode(card);
  if (!decoded) return decoded.error().in("encode");
  auto divergence = probe(*decoded);
  if (!divergence) return divergence.error();
  card.manifest.divergence = *divergence;
  return {};
}

}  // namespace

Result<Card> encode(const KvCache& cache, const EncodeOptions& options, EncodeStats* stats) {
  if (auto valid = check_options(cache, options); !valid) return valid.error();
  const auto selected = select(cache, options);
  if (!selected) return selected.error();
  const KvCache& kept = selected->part ? *selected->part : cache;

  EncodeStats sizes;
  sizes.full_bytes = cache.full_bytes_fp16();
  sizes.selected_bytes = kept.bytes_fp16();
  sizes.rows = cache.rows(0);
  sizes.rows_kept = kept.rows(0);

  Card card;
  Manifest& manifest = card.manifest;
  manifest.model = options.model;
  manifest.token_count = cache.token_count();
  manifest.preset = to_string(options.preset);
  manifest.codec = CodecId::kPipeline;
  manifest.query_aware = options.preset.is_query_aware();
  manifest.raw_bytes = sizes.full_bytes;
  if (auto described = describe_positions(kept, manifest); !described) return described.error().in("encode");
  auto added = add_chunks(kept, options.preset, selected->scores, card, sizes);
  if (!added) return added.error();
  if (auto valid = manifest.validate(); !valid) return valid.error().in("encode");
  if (options.probe) {
    if (auto measured = measure(options.probe, card); !measured) return measured.error();
  }
  sizes.chunks = card.chunks.size();
  sizes.card_bytes = card.file_bytes();
  if (stats != nullptr) *stats = sizes;
  return card;
}

}  // namespace kvferry
