// SPDX-License-Identifier: MIT
//
// kvferry inspect: a card's manifest in words or as JSON.
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "protocol/card/card_file.h"
#include "scenarios/kvferry/commands.h"
#include "scenarios/program.h"
#include "scenarios/report.h"

namespace kvferry {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kRangesShown = 8;

const char* name_of(ElementType type) {
  switch (type) {
    case ElementType::kF16:
      return "F16";
    case ElementType::kBF16:
      return "BF16";
    case ElementType::kF32:
      return "F32";
  }
  return "unknown";
}

const char* name_of(TensorPart part) {
  switch (part) {
    case TensorPart::kKey:
      return "K";
    case TensorPart::kValue:
      return "V";
    case TensorPart::kBoth:
      return "KV";
    case TensorPart::kTables:
      return "tables";
  }
  return "unknown";
}

std::string name_of(CodecId codec) {
  switch (codec) {
    case CodecId::kOpaque:
      return "opaque";
    case CodecId::kPipeline:
      return "pipeline";
    case CodecId::kPlanes:
      return "bit planes";
    case CodecId::kMoments:
      return "moments";
  }
  return "codec " + std::to_string(static_cast<std::uint32_t>(codec));
}

// What the table says at a glance.
struct ChunkSummary {
  std::uint32_t smallest_bytes = 0;
  std::uint32_t largest_bytes = 0;
  std::uint32_t levels = 1;
};

ChunkSummary summarise(const std::vector<ChunkInfo>& chunks) {
  ChunkSummary summary;
  for (const ChunkInfo& chunk : chunks) {
    const bool first = summary.largest_bytes == 0;
    summary.smallest_bytes = first ? chunk.size_bytes : std::min(summary.smallest_bytes, chunk.size_bytes);
    summary.largest_bytes = std::max(summary.largest_bytes, chunk.size_bytes);
    summary.levels = std::max(summary.levels, chunk.level + 1u);
  }
  return summary;
}

std::string range_text(const TokenRange& range) {
  const std::string first = std::to_string(range.start);
  return range.length == 1 ? first : first + "-" + std::to_string(range.start + range.length - 1);
}

// "0-3 10-14 and 12 more ranges"
std::string ranges_text(const PositionSet& set) {
  std::string text;
  const auto& ranges = set.ranges();
  const std::size_t shown = std::min(ranges.size(), kRangesShown);
  for (std::size_t i = 0; i < shown; ++i) text += (i == 0 ? "" : " ") + range_text(ranges[i]);
  if (ranges.size() > shown) text += " and " + std::to_string(ranges.size() - shown) + " more ranges";
  return text;
}

void print_line(const char* key, const std::string& value) { std::printf("%-11s %s\n", key, value.c_str()); }

void print_model(const ModelIdentity& model) {
  print_line("model", model.architecture + ", " + std::to_string(model.layers) + " layers, " +
                          std::to_string(model.kv_heads) + " KV heads of " + std::to_string(model.head_dim) +
                          ", RoPE base " + number_text(model.rope_theta) +
                          (model.k_after_rope ? ", K after RoPE, " : ", K before RoPE, ") +
                          name_of(model.dtype));
  print_line("weights", model.weights.hex());
  print_line("tokenizer", model.tokenizer.hex());
}

void print_positions(const Manifest& manifest) {
  print_line("tokens", std::to_string(manifest.token_count) + " in the document");
  for (std::size_t set = 0; set < manifest.position_sets.size(); ++set) {
    const auto layers = std::count(manifest.layer_sets.begin(), manifest.layer_sets.end(), set);
    const PositionSet& kept = manifest.position_sets[set];
    const double share =
        manifest.token_count == 0 ? 0 : 100.0 * kept.size() / static_cast<double>(manifest.token_count);
    print_line("kept", std::to_string(kept.size()) + " (" + number_text(share) + " %) in " +
                           count_text(static_cast<std::uint64_t>(layers), "layer") + ": " +
                           ranges_text(kept));
  }
}

void print_quality(const Manifest& manifest) {
  const auto& divergence = manifest.divergence;
  print_line("divergence", !divergence ? "not measured"
                                       : "KL " + number_text(divergence->kl) + " nats, top-1 " +
                                             number_text(divergence->top1) + " over " +
                                             count_text(divergence->n_tokens, "token"));
}

// A point of the quality curve, and what its chunks weigh.
struct CurveRow {
  QualityPoint point;
  std::uint64_t payload_bytes = 0;
};

std::vector<CurveRow> curve_rows(const Manifest& manifest) {
  std::vector<CurveRow> rows;
  std::uint64_t bytes = 0;
  std::uint32_t chunk = 0;
  for (const QualityPoint& point : manifest.curve.points()) {
    for (; chunk < point.chunks; ++chunk) bytes += manifest.chunks[chunk].size_bytes;
    rows.push_back({point, bytes});
  }
  return rows;
}

void print_curve(const Manifest& manifest) {
  if (manifest.curve.empty()) return;
  std::printf("%-11s %8s  %-10s  %-10s  %s\n", "curve", "chunks", "payload", "KL, nats", "top-1");
  for (const CurveRow& row : curve_rows(manifest)) {
    std::printf("%-11s %8" PRIu32 "  %-10s  %-10s  %s\n", "", row.point.chunks,
                bytes_text(row.payload_bytes).c_str(), number_text(row.point.kl).c_str(),
                number_text(row.point.top1).c_str());
  }
}

void print_chunks(const std::vector<ChunkInfo>& chunks) {
  const ChunkSummary summary = summarise(chunks);
  std::string sizes = bytes_text(summary.smallest_bytes);
  if (summary.largest_bytes != summary.smallest_bytes) sizes += " to " + bytes_text(summary.largest_bytes);
  print_line("chunks",
             std::to_string(chunks.size()) + " of " + sizes + ", " + count_text(summary.levels, "level"));
}

void print_words(const InspectOptions& options, const Card& card) {
  const Manifest& manifest = card.manifest;
  const std::uint64_t file_bytes = card.file_bytes();
  const double ratio = static_cast<double>(manifest.raw_bytes) / static_cast<double>(file_bytes);
  print_line("card", card.digest().hex());
  print_model(manifest.model);
  print_positions(manifest);
  print_line("preset", manifest.preset + (manifest.query_aware ? " (made for one question)" : ""));
  print_line("codec", name_of(manifest.codec));
  print_quality(manifest);
  print_curve(manifest);
  if (manifest.base) print_line("base", manifest.base->hex());
  if (manifest.calibration) print_line("calibration", manifest.calibration->hex());
  if (!manifest.summary.empty()) print_line("summary", manifest.summary);
  print_chunks(manifest.chunks);
  print_line("size", std::to_string(file_bytes) + " bytes, of which payload " +
                         std::to_string(manifest.payload_bytes()));
  print_line("ratio", number_text(ratio) + " (FP16 cache of " + std::to_string(manifest.raw_bytes) +
                          " bytes / this file)");
  print_line("verified", count_text(manifest.chunks.size(), "chunk") + " of " + options.file);
}

Json model_json(const ModelIdentity& model) {
  return {{"architecture", model.architecture}, {"layers", model.layers},
          {"kv_heads", model.kv_heads},         {"head_dim", model.head_dim},
          {"rope_theta", model.rope_theta},     {"k_after_rope", model.k_after_rope},
          {"dtype", name_of(model.dtype)},      {"weights", model.weights.hex()},
          {"tokenizer", model.tokenizer.hex()}};
}

Json positions_json(const Manifest& manifest) {
  Json sets = Json::array();
  for (const PositionSet& set : manifest.position_sets) {
    Json ranges = Json::array();
    for (const TokenRange& range : set.ranges()) ranges.push_back({range.start, range.length});
    sets.push_back(std::move(ranges));
  }
  return sets;
}

Json chunk_json(const ChunkInfo& chunk) {
  return {{"digest", chunk.digest.hex()},     {"size_bytes", chunk.size_bytes},
          {"layer_begin", chunk.layer_begin}, {"layer_count", chunk.layer_count},
          {"row_begin", chunk.row_begin},     {"row_count", chunk.row_count},
          {"tensor", name_of(chunk.tensor)},  {"level", chunk.level},
          {"refines", chunk.refines},         {"importance", chunk.importance}};
}

Json curve_json(const Manifest& manifest) {
  Json points = Json::array();
  for (const CurveRow& row : curve_rows(manifest)) {
    points.push_back({{"chunks", row.point.chunks},
                      {"payload_bytes", row.payload_bytes},
                      {"kl", row.point.kl},
                      {"top1", row.point.top1}});
  }
  return points;
}

void print_json(const Card& card) {
  const Manifest& manifest = card.manifest;
  Json json = {{"card", card.digest().hex()}, {"model", model_json(manifest.model)}};
  json["token_count"] = manifest.token_count;
  json["position_ranges"] = positions_json(manifest);
  json["layer_sets"] = manifest.layer_sets;
  json["preset"] = manifest.preset;
  json["query_aware"] = manifest.query_aware;
  json["codec"] = name_of(manifest.codec);
  if (const auto& divergence = manifest.divergence) {
    json["divergence"] = {
        {"kl", divergence->kl}, {"top1", divergence->top1}, {"n_tokens", divergence->n_tokens}};
  }
  if (!manifest.curve.empty()) json["curve"] = curve_json(manifest);
  if (manifest.base) json["base"] = manifest.base->hex();
  if (manifest.calibration) json["calibration"] = manifest.calibration->hex();
  if (!manifest.summary.empty()) json["summary"] = manifest.summary;
  json["kv_bytes_fp16"] = manifest.raw_bytes;
  json["card_bytes"] = card.file_bytes();
  json["payload_bytes"] = manifest.payload_bytes();
  json["ratio"] = static_cast<double>(manifest.raw_bytes) / static_cast<double>(card.file_bytes());
  json["chunks"] = Json::array();
  for (const ChunkInfo& chunk : manifest.chunks) json["chunks"].push_back(chunk_json(chunk));
  std::printf("%s\n", json.dump().c_str());
}

}  // namespace

int inspect(const InspectOptions& options) {
  const Card card = value_or_fail(read_card_file(options.file));
  if (auto verified = card.verify(); !verified) throw Failure(verified.error().in(options.file));
  if (options.json) {
    print_json(card);
  } else {
    print_words(options, card);
  }
  return kExitSuccess;
}

}  // namespace kvferry
