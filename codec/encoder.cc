// SPDX-License-Identifier: MIT
#include "codec/encoder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "codec/allocate/allocate.h"
#include "codec/chunk/chunk_encoder.h"
#include "codec/chunk/chunk_plan.h"
#include "codec/chunk/coding_plan.h"
#include "codec/chunk/make_tables.h"
#include "codec/decoder.h"
#include "codec/planes/encode_planes.h"
#include "codec/planes/plane_plan.h"
#include "codec/select/layers.h"
#include "codec/select/select.h"
#include "protocol/wire/limits.h"

namespace kvferry {
namespace {

// What selection leaves: a part of the cache, and the scores of its rows if there are any.
struct Selected {
  std::optional<KvCache> part;  // none: the whole cache
  std::vector<float> scores;
};

AttentionScore score_of(DelayWeigher weigher) {
  switch (weigher) {
    case DelayWeigher::kH2o:
      return AttentionScore::kH2o;
    case DelayWeigher::kTemplates:
      return AttentionScore::kTemplatesPeak;
    case DelayWeigher::kQ2c:
      return AttentionScore::kQ2cPeak;
  }
  return AttentionScore::kTemplatesPeak;
}

Result<void> check_options(const KvCache& cache, const EncodeOptions& options) {
  const KvGeometry& ours = cache.geometry();
  const ModelIdentity& model = options.model;
  if (ours.layers == 0) return Error{"the cache is empty, expected at least one layer"};
  if (ours != KvGeometry{model.layers, model.kv_heads, model.head_dim}) {
    const auto text = [](std::uint32_t layers, std::uint32_t heads, std::uint32_t dim) {
      return std::to_string(layers) + " layers x " + std::to_string(heads) + " heads x " +
             std::to_string(dim);
    };
    return Error{"the cache is " + text(ours.layers, ours.kv_heads, ours.head_dim) +
                 ", expected the model's " + text(model.layers, model.kv_heads, model.head_dim)};
  }
  if (!model.k_after_rope) return Error{"the model identity says K before RoPE, expected after"};
  if (options.preset.transform.undo_rope && ours.head_dim % 2 != 0) {
    return Error{"head_dim is " + std::to_string(ours.head_dim) + ", expected an even number to undo RoPE"};
  }
  if (options.preset.transform.undo_rope && !(model.rope_theta >= 1)) {
    return Error{"the model's RoPE base is " + std::to_string(model.rope_theta) +
                 ", expected at least 1 to undo RoPE"};
  }
  if (options.preset.needs_calibration() && options.calibration != nullptr &&
      options.calibration->calibration.weights != model.weights) {
    return Error{"the calibration was measured on other weights than the model's"};
  }
  return {};
}

Result<Selected> select(const KvCache& cache, const EncodeOptions& options) {
  const Preset& preset = options.preset;
  Selected selected;
  if (preset.select.method != SelectMethod::kFull) {
    auto rows = select_rows(preset.select, preset.protect, cache.rows(0), options.scores, options.seed);
    if (!rows) return rows.error();
    auto part = keep_rows(cache, rows->rows);
    if (!part) return part.error();
    selected.part = std::move(*part);
    selected.scores = std::move(rows->scores);
  }
  if (preset.layers.score != LayerScore::kAll) {
    const auto layers = select_layers(preset.layers, preset.protect, cache.geometry().layers, options.scores);
    if (!layers) return layers.error();
    auto part = keep_layers(selected.part ? *selected.part : cache, *layers);
    if (!part) return part.error();
    selected.part = std::move(*part);
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

Result<Manifest> describe(const KvCache& cache, const KvCache& kept, const EncodeOptions& options) {
  const Preset& preset = options.preset;
  Manifest manifest;
  manifest.model = options.model;
  manifest.token_count = cache.token_count();
  manifest.preset = to_string(preset);
  manifest.codec = preset.is_progressive() ? CodecId::kPlanes : CodecId::kPipeline;
  manifest.query_aware = preset.is_query_aware();
  manifest.raw_bytes = cache.full_bytes_fp16();
  if (preset.needs_calibration()) manifest.calibration = options.calibration->digest;
  if (preset.fact_words > 0) {
    if (!options.facts) return Error{"facts need the document's text, expected a source of them"};
    auto summary = options.facts(preset.fact_words);
    if (!summary) return summary.error();
    manifest.summary = std::move(*summary);
  }
  if (auto described = describe_positions(kept, manifest); !described) return described.error();
  return manifest;
}

Result<CodingPlan> plan(const KvCache& cache, const KvCache& kept, const EncodeOptions& options) {
  std::vector<float> weights;
  if (options.preset.allocate.method == AllocateMethod::kTokens) {
    const std::size_t tokens = cache.token_count();
    std::vector<float> attention;
    if (options.preset.allocate.weight == TokenWeight::kAttention) {
      auto asked = ask_scores(options.scores, AttentionScore::kH2o, "allocate=tokens", tokens);
      if (!asked) return asked.error();
      attention = std::move(*asked);
    }
    auto given = token_weights(options.preset.allocate.weight, tokens, attention, ~options.seed);
    if (!given) return given.error();
    weights = std::move(*given);
  }
  return plan_codings(options.preset, kept, weights);
}

CodecContext context_of(const KvCache& cache, const EncodeOptions& options) {
  CodecContext context;
  context.geometry = cache.geometry();
  context.rope_theta = options.model.rope_theta;
  context.preset = options.preset;
  if (options.preset.needs_calibration()) context.calibration = options.calibration;
  return context;
}

Result<void> add_tables(const CardTables& tables, Card& card, EncodeStats& stats) {
  if (tables.empty()) return {};
  Bytes payload = tables.serialize();
  if (payload.size() > Limits{}.max_chunk_bytes) {
    return Error{"the preset's tables have " + std::to_string(payload.size()) + " bytes, expected at most " +
                 std::to_string(Limits{}.max_chunk_bytes) + ": a lower rank"};
  }
  ChunkInfo info;
  info.tensor = TensorPart::kTables;
  info.importance = 1;
  stats.payload_bytes += payload.size();
  add_chunk(card, info, Slice(std::move(payload)));
  return {};
}

Result<void> add_chunks(const KvCache& kept, const CodecContext& context, const CodingPlan& codings,
                        std::span<const float> scores, Card& card, EncodeStats& stats) {
  ChunkEncoder encoder(context, codings);
  for (const ChunkBlock& block : plan_chunks(kept, scores)) {
    auto payload = encoder.encode(kept, block);
    if (!payload) return payload.error();
    stats.body_bytes += encoder.body_bytes();
    stats.payload_bytes += payload->size();
    ChunkInfo info;
    info.layer_begin = block.layer_begin;
    info.layer_count = block.layer_count;
    info.row_begin = block.row_begin;
    info.row_count = block.row_count;
    info.importance = block.importance;
    info.tensor = TensorPart::kBoth;
    add_chunk(card, info, Slice(std::move(*payload)));
  }
  return {};
}

// How late each position's row begins.
Result<std::vector<std::uint8_t>> delays_of(const KvCache& cache, const EncodeOptions& options) {
  if (options.preset.allocate.method != AllocateMethod::kDelay) return std::vector<std::uint8_t>();
  const auto energy = ask_scores(options.scores, score_of(options.preset.allocate.weigher), "allocate=delay",
                                 cache.token_count());
  if (!energy) return energy.error();
  return row_delays(*energy);
}

Result<void> add_planes(const KvCache& cache, const KvCache& kept, const EncodeOptions& options, Card& card,
                        EncodeStats& stats) {
  const auto& planes = options.calibration->calibration.planes;
  if (!planes) return Error{"the calibration has no bit planes, expected them for the preset"};
  auto delays = delays_of(cache, options);
  if (!delays) return delays.error();
  const PlaneOptions how{options.preset.quant.planes, options.model.rope_theta, std::move(*delays)};
  auto chunks = encode_planes(kept, *planes, options.calibration->duals(), how);
  if (!chunks) return chunks.error();
  for (PlaneChunk& chunk : *chunks) {
    stats.body_bytes += chunk.payload.size();
    stats.payload_bytes += chunk.payload.size();
    add_chunk(card, chunk.info, std::move(chunk.payload));
  }
  return {};
}

Result<void> add_blocks(const KvCache& cache, const Selected& selected, const EncodeOptions& options,
                        CodecContext& context, Card& card, EncodeStats& stats) {
  const KvCache& kept = selected.part ? *selected.part : cache;
  const auto codings = plan(cache, kept, options);
  if (!codings) return codings.error();
  if (auto made = make_tables(kept, *codings, context); !made) return made.error();
  if (auto made = add_tables(context.tables, card, stats); !made) return made.error();
  return add_chunks(kept, context, *codings, selected.scores, card, stats);
}

Result<void> measure(const EncodeOptions& options, Card& card) {
  DecodeOptions decoding;
  decoding.calibration = options.calibration;
  auto decoded = decode(card, decoding);
  if (!decoded) return decoded.error();
  auto divergence = options.probe(*decoded);
  if (!divergence) return divergence.error();
  card.manifest.divergence = *divergence;
  return {};
}

Result<Card> encode_card(const KvCache& cache, const EncodeOptions& options, EncodeStats& stats) {
  if (auto valid = check_options(cache, options); !valid) return valid.error();
  CodecContext context = context_of(cache, options);
  if (auto ready = context.prepare(); !ready) return ready.error();
  const auto selected = select(cache, options);
  if (!selected) return selected.error();
  const KvCache& kept = selected->part ? *selected->part : cache;

  Card card;
  auto manifest = describe(cache, kept, options);
  if (!manifest) return manifest.error();
  card.manifest = std::move(*manifest);
  stats.full_bytes = cache.full_bytes_fp16();
  stats.selected_bytes = kept.bytes_fp16();
  stats.rows = cache.token_count();
  for (std::uint32_t layer = 0; layer < kept.geometry().layers; ++layer) {
    stats.rows_kept = std::max(stats.rows_kept, kept.rows(layer));
  }
  auto added = options.preset.is_progressive() ? add_planes(cache, kept, options, card, stats)
                                               : add_blocks(cache, *selected, options, context, card, stats);
  if (!added) return added.error();
  if (auto valid = card.manifest.validate(); !valid) return valid.error();
  if (options.probe) {
    if (auto measured = measure(options, card); !measured) return measured.error();
  }
  stats.chunks = card.chunks.size();
  stats.card_bytes = card.file_bytes();
  return card;
}

Result<void> count_symbols(const KvCache& cache, const EncodeOptions& options, SymbolStatistics& statistics) {
  if (auto valid = check_options(cache, options); !valid) return valid.error();
  CodecContext context = context_of(cache, options);
  context.preset.entropy = {};
  if (auto ready = context.prepare(); !ready) return ready.error();
  const auto codings = plan(cache, cache, options);
  if (!codings) return codings.error();
  if (auto made = make_tables(cache, *codings, context); !made) return made.error();
  ChunkEncoder encoder(context, *codings);
  for (const ChunkBlock& block : plan_chunks(cache, {})) {
    if (auto counted = encoder.count(cache, block, statistics); !counted) return counted;
  }
  return {};
}

}  // namespace

Result<Card> encode(const KvCache& cache, const EncodeOptions& options, EncodeStats* stats) {
  EncodeStats sizes;
  auto card = encode_card(cache, options, sizes);
  if (!card) return card.error().in("encode");
  if (stats != nullptr) *stats = sizes;
  return card;
}

Result<PipelineModels> calibrate_symbols(std::span<const KvCache> caches, const EncodeOptions& options) {
  if (caches.empty()) return Error{"calibrate: no caches, expected at least one"};
  SymbolStatistics statistics(2 * std::size_t{caches[0].geometry().layers});
  for (const KvCache& cache : caches) {
    if (auto done = count_symbols(cache, options, statistics); !done) return done.error().in("calibrate");
  }
  PipelineModels models{symbol_pipeline(options.preset), {}};
  for (const auto& counts : statistics) {
    models.models.push_back(counts ? std::optional(SymbolModel::smallest(*counts)) : std::nullopt);
  }
  return models;
}

}  // namespace kvferry
