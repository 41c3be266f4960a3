// SPDX-License-Identifier: MIT
//
// Presets as text. An option is printed where it differs from its default.
#include "codec/preset/quant_text.h"
#include "codec/preset/stages.h"

namespace kvferry {
namespace {

template <typename Names, typename Enum>
std::string_view name_of(const Names& names, Enum value) {
  return names[static_cast<std::size_t>(value)];
}

std::string select_text(const SelectStage& stage) {
  std::string text(to_string(stage.method));
  if (stage.method == SelectMethod::kFull) return text;
  text += ':' + shortest_number(stage.ratio);
  if (stage.method == SelectMethod::kUnion) text += '+' + shortest_number(stage.task_ratio);
  return text;
}

std::string layers_text(const LayersStage& stage) {
  const LayersStage defaults;
  std::string text(name_of(kLayerScoreNames, stage.score));
  text += ':' + shortest_number(stage.ratio);
  if (stage.alpha != defaults.alpha) text += ":alpha=" + shortest_number(stage.alpha);
  if (stage.mu != defaults.mu) text += ":mu=" + shortest_number(stage.mu);
  if (stage.sigma != defaults.sigma) text += ":sigma=" + shortest_number(stage.sigma);
  return text;
}

std::string protect_text(const ProtectStage& stage) {
  std::string text;
  if (stage.first != 0) text += ":first=" + std::to_string(stage.first);
  if (stage.recent != 0) text += ":recent=" + std::to_string(stage.recent);
  if (stage.ends != 0) text += ":ends=" + std::to_string(stage.ends);
  if (stage.fp16) text += ":fp16";
  return text.substr(1);
}

std::string transform_text(const TransformStage& stage) {
  if (stage.columns == ColumnTransform::kNone) return std::string(kColumnNames[0]);
  std::string text = stage.undo_rope ? std::string(kColumnNames[0]) + '+' : "";
  text += name_of(kColumnNames, stage.columns);
  const bool sized = stage.columns == ColumnTransform::kSvd || stage.columns == ColumnTransform::kAnchor;
  if (sized) text += ':' + std::to_string(stage.size);
  return text;
}

std::string allocate_text(const AllocateStage& stage) {
  std::string text(name_of(kAllocateNames, stage.method));
  if (stage.method == AllocateMethod::kTokens) {
    text += ':' + shortest_number(stage.bits) + ':';
    text += name_of(kWeightNames, stage.weight);
  }
  if (stage.method == AllocateMethod::kCacheGen) text += ':' + std::to_string(stage.level);
  if (stage.method == AllocateMethod::kDelay) {
    text += ':';
    text += name_of(kWeigherNames, stage.weigher);
  }
  return text;
}

std::string entropy_text(const EntropyStage& stage) {
  std::string text(to_string(stage.coder));
  const bool has_level = stage.coder == EntropyCoder::kZstd && stage.level != kDefaultZstdLevel;
  return has_level ? text + ':' + std::to_string(stage.level) : text;
}

void append(std::string& text, Stage stage, const std::string& value) {
  if (!text.empty()) text += " | ";
  text += name_of(kStageNames, stage);
  text += '=' + value;
}

void append_symbol_stages(std::string& text, const Preset& preset) {
  if (preset.transform != TransformStage{}) {
    append(text, Stage::kTransform, transform_text(preset.transform));
  }
  const bool cachegen = preset.allocate.method == AllocateMethod::kCacheGen;
  append(text, Stage::kQuant,
         quant_text(preset.quant, cachegen ? SymmetricName::kBins : SymmetricName::kInt));
  if (preset.allocate.method != AllocateMethod::kNone) {
    append(text, Stage::kAllocate, allocate_text(preset.allocate));
  }
}

}  // namespace

std::string_view to_string(SelectMethod method) { return name_of(kSelectNames, method); }

std::string_view to_string(EntropyCoder coder) { return name_of(kCoderNames, coder); }

std::string to_string(const Preset& preset) {
  std::string text;
  append(text, Stage::kSelect, select_text(preset.select));
  if (preset.layers.score != LayerScore::kAll) append(text, Stage::kLayers, layers_text(preset.layers));
  if (preset.protect != ProtectStage{}) append(text, Stage::kProtect, protect_text(preset.protect));
  append_symbol_stages(text, preset);
  if (preset.fact_words != 0) append(text, Stage::kFacts, std::to_string(preset.fact_words));
  append(text, Stage::kEntropy, entropy_text(preset.entropy));
  return text;
}

std::string symbol_pipeline(const Preset& preset) {
  std::string text;
  append_symbol_stages(text, preset);
  return text;
}

}  // namespace kvferry
