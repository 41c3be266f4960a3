// SPDX-License-Identifier: MIT
//
// The stages of a pipeline: one parser for each, and what must hold between them.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "codec/preset.h"
#include "codec/preset/words.h"

namespace kvferry {

// In the order in which they stand.
enum class Stage : std::uint8_t {
  kSelect,
  kLayers,
  kProtect,
  kTransform,
  kQuant,
  kAllocate,
  kFacts,
  kEntropy
};
inline constexpr std::size_t kStages = 8;

// The stages that the text has, each with its name and value.
using StageWords = std::array<std::optional<Word>, kStages>;

// Names, indexed by the enumerations' values.
inline constexpr std::array<std::string_view, kStages> kStageNames = {
    "select", "layers", "protect", "transform", "quant", "allocate", "facts", "entropy"};
inline constexpr std::array<std::string_view, 8> kSelectNames = {"full",   "random",    "streaming", "h2o",
                                                                 "snapkv", "templates", "q2c",       "union"};
inline constexpr std::array<std::string_view, 4> kLayerScoreNames = {"all", "attention", "gaussian",
                                                                     "hybrid"};
inline constexpr std::array<std::string_view, 5> kColumnNames = {"rope", "svd", "pca", "anchor", "metric"};
inline constexpr std::array<std::string_view, 5> kAllocateNames = {"none", "sensitivity", "tokens",
                                                                   "cachegen", "delay"};
inline constexpr std::array<std::string_view, 4> kWeightNames = {"attention", "position", "random",
                                                                 "uniform"};
inline constexpr std::array<std::string_view, 3> kWeigherNames = {"h2o", "templates", "q2c"};
inline constexpr std::array<std::string_view, 6> kCoderNames = {"none",      "zstd",          "rans:static",
                                                                "rans:card", "rans:adaptive", "rans:context"};
inline constexpr std::array<std::string_view, 4> kTableNames = {"static", "card", "adaptive", "context"};

// Each takes what follows its `name=`.
[[nodiscard]] Result<void> parse_select(const Word& value, Preset& preset);
[[nodiscard]] Result<void> parse_layers(const Word& value, Preset& preset);
[[nodiscard]] Result<void> parse_protect(const Word& value, Preset& preset);
[[nodiscard]] Result<void> parse_transform(const Word& value, Preset& preset);
[[nodiscard]] Result<void> parse_allocate(const Word& value, Preset& preset);
[[nodiscard]] Result<void> parse_facts(const Word& value, Preset& preset);
[[nodiscard]] Result<void> parse_entropy(const Word& value, Preset& preset);

// Whether the stages fit each other; the error points at the one that asks for more.
[[nodiscard]] Result<void> check_stages(const Preset& preset, const StageWords& words);

}  // namespace kvferry
