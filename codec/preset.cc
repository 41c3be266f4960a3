// SPDX-License-Identifier: MIT
#include "codec/preset.h"

#include <array>
#include <charconv>

namespace kvferry {
namespace {

constexpr std::array<NamedPreset, 4> kNamedPresets = {{
    {"fp16", "select=full | quant=fp16 | entropy=none", "the cache as the model holds it"},
    {"int8", "select=full | quant=int8 | entropy=zstd",
     "group quantization: K per channel, V per token (KIVI)"},
    {"int4", "select=full | quant=int4 | entropy=zstd", "as int8"},
    {"int2", "select=full | quant=int2 | entropy=zstd", "as int8"},
}};

// Indexed by the enumerations' values.
constexpr std::array<std::string_view, 3> kPolicyNames = {"full", "random", "q2c"};
constexpr std::array<std::string_view, 4> kQuantizerNames = {"fp16", "int8", "int4", "int2"};
constexpr std::array<std::string_view, 2> kCoderNames = {"none", "zstd"};

}  // namespace

std::span<const NamedPreset> named_presets() { return kNamedPresets; }

std::string_view to_string(SelectPolicy policy) { return kPolicyNames[static_cast<std::size_t>(policy)]; }
std::string_view to_string(Quantizer quantizer) {
  return kQuantizerNames[static_cast<std::size_t>(quantizer)];
}
std::string_view to_string(EntropyCoder coder) { return kCoderNames[static_cast<std::size_t>(coder)]; }

std::string to_string(const Preset& preset) {
  std::string text = "select=";
  text += to_string(preset.select.policy);
  if (preset.select.policy != SelectPolicy::kFull) {
    std::array<char, 32> ratio{};
    const auto end = std::to_chars(ratio.data(), ratio.data() + ratio.size(), preset.select.ratio).ptr;
    text += ':';
    text.append(ratio.data(), end);
    if (preset.select.sinks != 0) text += ":sinks=" + std::to_string(preset.select.sinks);
  }
  text += " | quant=";
  text += to_string(preset.quant.quantizer);
  if (preset.quant.quantizer != Quantizer::kFp16 && preset.quant.group != kDefaultGroup) {
    text += ':' + std::to_string(preset.quant.group);
  }
  text += " | entropy=";
  text += to_string(preset.entropy.coder);
  if (preset.entropy.coder == EntropyCoder::kZstd && preset.entropy.level != kDefaultZstdLevel) {
    text += ':' + std::to_string(preset.entropy.level);
  }
  return text;
}

}  // namespace kvferry
