// SPDX-License-Identifier: MIT
#include "codec/preset/quant_text.h"

#include <array>
#include <bit>
#include <optional>

namespace kvferry {
namespace {

constexpr std::string_view kQuantizers =
    "fp16, q8_0, int1 to int8, binsN, fwht1 to fwht8, pca:BITS, planes:N";
constexpr std::string_view kGroups = "8, 16, 32, 64, 128";
constexpr std::string_view kGroupings =
    "tensor, token, channel, group, or a group size of 8, 16, 32, 64, 128";
constexpr std::array<std::string_view, 4> kAlongNames = {"tensor", "channel", "token", "group"};  // by value
constexpr QuantSpec kQ80{QuantKind::kSymmetric, Along::kGroup, 255, 32};
constexpr std::uint32_t kMaxBits = 8;
constexpr std::uint32_t kMinBins = 4, kMaxBins = 256;

Along default_along(KvTensor tensor) { return tensor == KvTensor::kKey ? Along::kChannel : Along::kGroup; }

bool has_group(Along along) { return along == Along::kChannel || along == Along::kGroup; }

// The N of 'intN' with prefix 'int', when it is in [least, most].
std::optional<std::uint32_t> number_after(std::string_view prefix, std::string_view text, std::uint32_t least,
                                          std::uint32_t most) {
  std::uint32_t number = 0;
  if (text.substr(0, prefix.size()) != prefix) return std::nullopt;
  if (!parse_number(text.substr(prefix.size()), number) || number < least || number > most) {
    return std::nullopt;
  }
  return number;
}

// The words from next on: [along] [group].
Result<void> parse_grouping(const std::vector<Word>& words, std::size_t next, KvTensor tensor,
                            QuantSpec& spec) {
  spec.along = default_along(tensor);
  bool named = false;
  if (next < words.size()) {
    const std::size_t along = index_of(kAlongNames, words[next].text);
    named = along < kAlongNames.size();
    if (named) {
      spec.along = static_cast<Along>(along);
      ++next;
    }
  }
  if (!has_group(spec.along)) {
    return no_more(words, next, "no group size after '" + std::string(words[next - 1].text) + "'");
  }
  spec.group = kDefaultGroup;
  if (next == words.size()) return {};
  const Word& size = words[next];
  if (!parse_number(size.text, spec.group) || spec.group < kMinGroup || spec.group > kMaxGroup ||
      !std::has_single_bit(spec.group)) {
    return fail("group size", size, named ? kGroups : kGroupings);
  }
  return no_more(words, next + 1, "at most a group size");
}

// `int` bits [':sym'] or `bins` n, and its grouping. False when it is neither.
Result<bool> parse_uniform(const std::vector<Word>& words, KvTensor tensor, QuantSpec& spec) {
  std::size_t next = 1;
  if (const auto bits = number_after("int", words[0].text, 1, kMaxBits)) {
    const bool symmetric = words.size() > 1 && words[1].text == "sym";
    next += symmetric ? 1 : 0;
    spec.kind = symmetric ? QuantKind::kSymmetric : QuantKind::kAffine;
    const bool has_middle = symmetric && *bits > 1;
    spec.symbols = static_cast<std::uint16_t>((1U << *bits) - (has_middle ? 1U : 0U));
  } else if (const auto bins = number_after("bins", words[0].text, kMinBins, kMaxBins); bins) {
    if (*bins % 2 != 0) return fail("number of bins", words[0], "an even number from 4 to 256");
    spec.kind = QuantKind::kSymmetric;
    spec.symbols = static_cast<std::uint16_t>(*bins - 1);
  } else {
    return false;
  }
  if (auto grouped = parse_grouping(words, next, tensor, spec); !grouped) return grouped.error();
  return true;
}

Result<void> parse_components(const std::vector<Word>& words, QuantStage& stage, QuantSpec& spec) {
  if (words.size() < 2) return fail("no bits after", words[0], "pca:BITS");
  const auto bits = parse_positive("component bits", words[1], kMaxBits);
  if (!bits) return bits.error();
  if (stage.component_bits != 0 && stage.component_bits != *bits) {
    return fail("component bits", words[1], "the same for K and V");
  }
  stage.component_bits = *bits;
  spec = {QuantKind::kComponents, Along::kTensor, 256, 0};
  return no_more(words, 2, "no option after the bits");
}

Result<void> parse_spec(const Word& text, KvTensor tensor, QuantStage& stage) {
  QuantSpec& spec = tensor == KvTensor::kKey ? stage.key : stage.value;
  const std::vector<Word> words = split(text, ':');
  const std::string_view name = words[0].text;
  spec = {};
  if (name == "pca") return parse_components(words, stage, spec);
  if (const auto bits = number_after("fwht", name, 1, kMaxBits)) {
    spec = {QuantKind::kRotated, Along::kTensor, static_cast<std::uint16_t>(1U << *bits), 0};
  } else if (name == "q8_0") {
    spec = kQ80;
  } else if (name != "fp16") {
    const auto uniform = parse_uniform(words, tensor, spec);
    if (!uniform) return uniform.error();
    if (!*uniform) return fail("unknown quantizer", words[0], kQuantizers);
    return {};
  }
  return no_more(words, 1, "no option after '" + std::string(name) + "'");
}

std::string uniform_text(const QuantSpec& spec, KvTensor tensor, SymmetricName name) {
  std::string text;
  const bool symmetric = spec.kind == QuantKind::kSymmetric;
  const bool whole_bits = !symmetric || spec.symbols == 2 || std::has_single_bit(spec.symbols + 1U);
  if (symmetric && spec.symbols != 2 && (name == SymmetricName::kBins || !whole_bits)) {
    text = "bins" + std::to_string(spec.symbols + 1);
  } else {
    text = "int" + std::to_string(spec.bits()) + (symmetric ? ":sym" : "");
  }
  if (spec.along != default_along(tensor)) {
    text += ':';
    text += kAlongNames[static_cast<std::size_t>(spec.along)];
  }
  if (has_group(spec.along) && spec.group != kDefaultGroup) text += ':' + std::to_string(spec.group);
  return text;
}

std::string spec_text(const QuantSpec& spec, KvTensor tensor, SymmetricName name) {
  switch (spec.kind) {
    case QuantKind::kFp16:
      return "fp16";
    case QuantKind::kRotated:
      return "fwht" + std::to_string(spec.bits());
    case QuantKind::kComponents:
      return "pca";
    case QuantKind::kAffine:
    case QuantKind::kSymmetric:
      break;
  }
  return spec == kQ80 && name == SymmetricName::kInt ? "q8_0" : uniform_text(spec, tensor, name);
}

}  // namespace

Result<void> parse_quant(const Word& value, Preset& preset) {
  const std::vector<Word> words = split(value, ':');
  if (words[0].text == "planes") {
    if (words.size() < 2) return fail("no number after", words[0], "planes:N");
    const auto planes = parse_count("number of planes", words[1], 1, kMaxPlaneLevels);
    if (!planes) return planes.error();
    preset.quant.planes = *planes;
    return no_more(words, 2, "at most a number");
  }
  const std::vector<Word> specs = split(value, '/');
  if (specs.size() > 2) return fail("unexpected quantizer", specs[2], "at most one for K and one for V");
  if (auto key = parse_spec(specs.front(), KvTensor::kKey, preset.quant); !key) return key;
  return parse_spec(specs.back(), KvTensor::kValue, preset.quant);
}

std::string quant_text(const QuantStage& stage, SymmetricName name) {
  if (stage.planes != 0) return "planes:" + std::to_string(stage.planes);
  const bool components = stage.key.kind == QuantKind::kComponents;
  if (components) return "pca:" + shortest_number(stage.component_bits);
  const std::string key = spec_text(stage.key, KvTensor::kKey, name);
  const std::string value = spec_text(stage.value, KvTensor::kValue, name);
  return key == value ? key : key + '/' + value;
}

std::string to_string(const QuantSpec& spec, KvTensor tensor) {
  return spec_text(spec, tensor, SymmetricName::kInt);
}

}  // namespace kvferry
