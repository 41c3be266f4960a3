// SPDX-License-Identifier: MIT
//
// The parser of presets. Text may come from a stranger's manifest, so it is bounded.
#include <algorithm>

#include "codec/preset/quant_text.h"
#include "codec/preset/stages.h"
#include "protocol/card/manifest.h"

namespace kvferry {
namespace {

constexpr std::string_view kAlias = "cachegen", kAliasOf = "cachegen-2";

using ParseStage = Result<void> (*)(const Word& value, Preset& preset);
constexpr std::array<ParseStage, kStages> kParsers = {parse_select,    parse_layers, parse_protect,
                                                      parse_transform, parse_quant,  parse_allocate,
                                                      parse_facts,     parse_entropy};

std::string stage_names() {
  std::string names(kStageNames[0]);
  for (const std::string_view name : std::span(kStageNames).subspan(1)) names += ", " + std::string(name);
  return names;
}

std::string names_or_stages() {
  std::string expected;
  for (const NamedPreset& preset : named_presets()) expected += std::string(preset.name) + ", ";
  return expected + "or stages such as 'quant=int4 | entropy=zstd'";
}

// next is the first stage that may still come; it moves past the one parsed.
Result<void> parse_stage(const Word& stage, std::size_t& next, StageWords& words, Preset& preset) {
  const std::size_t equals = std::min(stage.text.find('='), stage.text.size());
  const Word name = trim({stage.text.substr(0, equals), stage.column});
  const std::size_t index = index_of(kStageNames, name.text);
  if (index == kStages) return fail("unknown stage", name, stage_names());
  if (index < next) return fail("stage", name, "each stage once, in the order " + stage_names());
  if (equals == stage.text.size()) return fail("no value for stage", name, std::string(name.text) + "=...");
  next = index + 1;
  words[index] = stage;
  return kParsers[index]({stage.text.substr(equals + 1), stage.column + equals + 1}, preset);
}

}  // namespace

Result<Preset> parse_preset(std::string_view text) {
  const Word whole = trim({text, 1});
  if (whole.text.empty()) return Error{"preset: empty, expected " + names_or_stages()};
  if (whole.text.size() > Manifest::kMaxPresetBytes) {
    return Error{"preset: " + std::to_string(whole.text.size()) + " characters, expected at most " +
                 std::to_string(Manifest::kMaxPresetBytes)};
  }
  const std::string_view name = whole.text == kAlias ? kAliasOf : whole.text;
  for (const NamedPreset& preset : named_presets()) {
    if (name == preset.name) return parse_preset(preset.pipeline);
  }
  if (whole.text.find_first_of("=|") == std::string_view::npos) {
    return fail("unknown name", whole, names_or_stages());
  }
  Preset preset;
  StageWords words;
  std::size_t next = 0;
  for (const Word& stage : split(whole, '|')) {
    if (auto parsed = parse_stage(stage, next, words, preset); !parsed) return parsed.error();
  }
  if (auto fits = check_stages(preset, words); !fits) return fits.error();
  return preset;
}

}  // namespace kvferry
