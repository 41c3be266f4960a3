// SPDX-License-Identifier: MIT
//
// The parser of presets. Text may come from a stranger's manifest, so it is bounded,
// and what is echoed in an error is shortened and made printable.
#include <array>
#include <bit>
#include <charconv>
#include <vector>

#include "codec/preset.h"

namespace kvferry {
namespace {

constexpr std::size_t kMaxText = 256;
constexpr std::size_t kMaxEcho = 32;
constexpr std::uint32_t kMaxSinks = 65536;

struct Word {
  std::string_view text;
  std::size_t column = 1;  // of its first character, from 1
};

std::string quote(const Word& word) {
  std::string shown = "'";
  for (const char c : word.text.substr(0, kMaxEcho)) shown += c >= ' ' && c <= '~' ? c : '?';
  return shown + (word.text.size() > kMaxEcho ? "...'" : "'");
}

Error fail(std::string_view what, const Word& word, std::string_view expected) {
  return {"preset: " + std::string(what) + ' ' + quote(word) + " at column " + std::to_string(word.column) +
          ", expected " + std::string(expected)};
}

Word trim(Word word) {
  while (!word.text.empty() && word.text.front() == ' ') {
    word.text.remove_prefix(1);
    ++word.column;
  }
  while (!word.text.empty() && word.text.back() == ' ') word.text.remove_suffix(1);
  return word;
}

// Splits at every separator and trims; the columns stay those of the whole text.
std::vector<Word> split(const Word& whole, char separator) {
  std::vector<Word> parts;
  std::size_t begin = 0;
  while (true) {
    const std::size_t end = std::min(whole.text.find(separator, begin), whole.text.size());
    parts.push_back(trim({whole.text.substr(begin, end - begin), whole.column + begin}));
    if (end == whole.text.size()) return parts;
    begin = end + 1;
  }
}

template <typename T>
bool parse_number(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

Result<void> too_many(const std::vector<Word>& words, std::size_t allowed, std::string_view expected) {
  if (words.size() <= allowed) return {};
  return fail("unexpected option", words[allowed], expected);
}

Result<void> parse_select(const std::vector<Word>& words, Preset& preset) {
  SelectStage& stage = preset.select;
  constexpr std::string_view kExpected = "full, random:RATIO, q2c:RATIO";
  constexpr std::string_view kRatio = "a number above 0 and at most 1";
  if (words[0].text == "full") return too_many(words, 1, "no option after 'full'");
  if (words[0].text == "random") {
    stage.policy = SelectPolicy::kRandom;
  } else if (words[0].text == "q2c") {
    stage.policy = SelectPolicy::kQ2c;
  } else {
    return fail("unknown selection", words[0], kExpected);
  }
  if (words.size() < 2) return fail("no ratio after", words[0], std::string(words[0].text) + ":RATIO");
  if (!parse_number(words[1].text, stage.ratio) || !(stage.ratio > 0.0 && stage.ratio <= 1.0)) {
    return fail("ratio", words[1], kRatio);
  }
  if (words.size() < 3) return {};
  constexpr std::string_view kSinks = "sinks=";
  const bool named = words[2].text.substr(0, kSinks.size()) == kSinks;
  if (!named || !parse_number(words[2].text.substr(kSinks.size()), stage.sinks) || stage.sinks > kMaxSinks) {
    return fail("option", words[2], "sinks=N with N from 0 to " + std::to_string(kMaxSinks));
  }
  return too_many(words, 3, "at most a ratio and sinks=N");
}

Result<void> parse_quant(const std::vector<Word>& words, Preset& preset) {
  constexpr std::array kAll = {Quantizer::kFp16, Quantizer::kInt8, Quantizer::kInt4, Quantizer::kInt2};
  bool known = false;
  for (const Quantizer quantizer : kAll) {
    if (words[0].text != to_string(quantizer)) continue;
    preset.quant.quantizer = quantizer;
    known = true;
  }
  if (!known) return fail("unknown quantizer", words[0], "fp16, int8, int4, int2");
  if (preset.quant.quantizer == Quantizer::kFp16) return too_many(words, 1, "no option after 'fp16'");
  if (words.size() < 2) return {};
  std::uint32_t& group = preset.quant.group;
  if (!parse_number(words[1].text, group) || group < kMinGroup || group > kMaxGroup ||
      !std::has_single_bit(group)) {
    return fail("group size", words[1], "8, 16, 32, 64, 128");
  }
  return too_many(words, 2, "at most a group size");
}

Result<void> parse_entropy(const std::vector<Word>& words, Preset& preset) {
  if (words[0].text == "none") return too_many(words, 1, "no option after 'none'");
  if (words[0].text != "zstd") return fail("unknown entropy coder", words[0], "none, zstd");
  preset.entropy.coder = EntropyCoder::kZstd;
  if (words.size() < 2) return {};
  int& level = preset.entropy.level;
  if (!parse_number(words[1].text, level) || level < 1 || level > kMaxZstdLevel) {
    return fail("zstd level", words[1], "1 to " + std::to_string(kMaxZstdLevel));
  }
  return too_many(words, 2, "at most a level");
}

struct StageParser {
  std::string_view name;
  Result<void> (*parse)(const std::vector<Word>& words, Preset& preset);
};

// In the order in which stages stand.
constexpr std::array<StageParser, 3> kStages = {{
    {"select", parse_select},
    {"quant", parse_quant},
    {"entropy", parse_entropy},
}};
constexpr std::string_view kStageNames = "select, quant, entropy";

std::string names_or_stages() {
  std::string expected;
  for (const NamedPreset& preset : named_presets()) expected += std::string(preset.name) + ", ";
  return expected + "or stages such as 'quant=int4 | entropy=zstd'";
}

// next is the first stage that may still come; it moves past the one parsed.
Result<void> parse_stage(const Word& stage, std::size_t& next, Preset& preset) {
  const std::size_t equals = std::min(stage.text.find('='), stage.text.size());
  const Word name = trim({stage.text.substr(0, equals), stage.column});
  std::size_t index = 0;
  while (index < kStages.size() && kStages[index].name != name.text) ++index;
  if (index == kStages.size()) return fail("unknown stage", name, kStageNames);
  if (index < next) return fail("stage", name, "each stage once, in the order " + std::string(kStageNames));
  if (equals == stage.text.size()) return fail("no value for stage", name, std::string(name.text) + "=...");
  next = index + 1;
  const Word value{stage.text.substr(equals + 1), stage.column + equals + 1};
  return kStages[index].parse(split(value, ':'), preset);
}

}  // namespace

Result<Preset> parse_preset(std::string_view text) {
  const Word whole = trim({text, 1});
  if (whole.text.empty()) return Error{"preset: empty, expected " + names_or_stages()};
  if (whole.text.size() > kMaxText) {
    return Error{"preset: " + std::to_string(whole.text.size()) + " characters, expected at most " +
                 std::to_string(kMaxText)};
  }
  for (const NamedPreset& preset : named_presets()) {
    if (whole.text == preset.name) return parse_preset(preset.pipeline);
  }
  if (whole.text.find_first_of("=|") == std::string_view::npos) {
    return fail("unknown name", whole, names_or_stages());
  }
  Preset preset;
  std::size_t next = 0;
  for (const Word& stage : split(whole, '|')) {
    if (auto parsed = parse_stage(stage, next, preset); !parsed) return parsed.error();
  }
  return preset;
}

}  // namespace kvferry
