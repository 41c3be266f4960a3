// SPDX-License-Identifier: MIT
#include "codec/preset/stages.h"

#include <algorithm>
#include <utility>

namespace kvferry {
namespace {

constexpr double kMaxRatio = 1.0;
constexpr double kRounding = 1e-9;  // of two ratios that make 1

Result<void> parse_union(const std::vector<Word>& words, SelectStage& stage) {
  if (words.size() < 2) return fail("no ratios after", words[0], "union:BASE+TASK");
  const std::vector<Word> parts = split(words[1], '+');
  if (parts.size() != 2) return fail("ratios", words[1], "BASE+TASK");
  const auto base = parse_positive("ratio", parts[0], kMaxRatio);
  if (!base) return base.error();
  const auto task = parse_positive("ratio", parts[1], kMaxRatio);
  if (!task) return task.error();
  if (*base + *task > kMaxRatio + kRounding) return fail("ratios", words[1], "a sum of at most 1");
  stage.ratio = *base;
  stage.task_ratio = *task;
  return no_more(words, 2, "at most the two ratios");
}

struct RealOption {
  std::string_view name;
  double LayersStage::*field;
  bool positive;     // else 0 is allowed too
  bool hybrid_only;  // else of gaussian too
};
constexpr std::array<RealOption, 3> kLayerOptions = {{
    {"alpha", &LayersStage::alpha, false, true},
    {"mu", &LayersStage::mu, false, false},
    {"sigma", &LayersStage::sigma, true, false},
}};

struct CountOption {
  std::string_view name;
  std::uint32_t ProtectStage::*field;
  std::uint32_t most;
};
constexpr std::array<CountOption, 3> kProtectOptions = {{
    {"first", &ProtectStage::first, kMaxProtectedTokens},
    {"recent", &ProtectStage::recent, kMaxProtectedTokens},
    {"ends", &ProtectStage::ends, kMaxProtectedLayers},
}};

// The option of that name; none of the table when the word is no `name=value`.
template <typename Options>
auto find_option(const Options& options, const std::vector<Word>& pair) {
  if (pair.size() != 2) return options.end();
  return std::find_if(options.begin(), options.end(),
                      [&pair](const auto& option) { return option.name == pair[0].text; });
}

Result<void> parse_columns(const Word& text, TransformStage& stage) {
  const std::vector<Word> words = split(text, ':');
  const std::size_t kind = index_of(kColumnNames, words[0].text);
  if (kind == 0 || kind == kColumnNames.size()) {
    return fail("unknown transform", words[0],
                "none, rope, svd:RANK, anchor:N, rope+svd:RANK, rope+anchor:N, rope+pca, rope+metric");
  }
  stage.columns = static_cast<ColumnTransform>(kind);
  if (stage.columns == ColumnTransform::kPca || stage.columns == ColumnTransform::kMetric) {
    return no_more(words, 1, "no option after '" + std::string(words[0].text) + "'");
  }
  const bool svd = stage.columns == ColumnTransform::kSvd;
  if (words.size() < 2) return fail("no number after", words[0], svd ? "svd:RANK" : "anchor:N");
  const auto size = svd ? parse_count("rank", words[1], 1, kMaxRank)
                        : parse_count("anchor group", words[1], kMinAnchorGroup, kMaxAnchorGroup);
  if (!size) return size.error();
  stage.size = *size;
  return no_more(words, 2, "at most one number");
}

}  // namespace

Result<void> parse_select(const Word& value, Preset& preset) {
  SelectStage& stage = preset.select;
  const std::vector<Word> words = split(value, ':');
  const std::size_t method = index_of(kSelectNames, words[0].text);
  if (method == kSelectNames.size()) {
    return fail("unknown selection", words[0],
                "full, random:RATIO, streaming:RATIO, h2o:RATIO, snapkv:RATIO, templates:RATIO, q2c:RATIO, "
                "union:BASE+TASK");
  }
  stage.method = static_cast<SelectMethod>(method);
  if (stage.method == SelectMethod::kFull) return no_more(words, 1, "no option after 'full'");
  if (stage.method == SelectMethod::kUnion) return parse_union(words, stage);
  if (words.size() < 2) return fail("no ratio after", words[0], std::string(words[0].text) + ":RATIO");
  const auto ratio = parse_positive("ratio", words[1], kMaxRatio);
  if (!ratio) return ratio.error();
  stage.ratio = *ratio;
  return no_more(words, 2, "at most a ratio");
}

Result<void> parse_layers(const Word& value, Preset& preset) {
  LayersStage& stage = preset.layers;
  const std::vector<Word> words = split(value, ':');
  const std::size_t score = index_of(kLayerScoreNames, words[0].text);
  if (score == kLayerScoreNames.size()) {
    return fail("unknown layer score", words[0], "all, attention:RATIO, gaussian:RATIO, hybrid:RATIO");
  }
  stage.score = static_cast<LayerScore>(score);
  if (stage.score == LayerScore::kAll) return no_more(words, 1, "no option after 'all'");
  if (words.size() < 2) return fail("no ratio after", words[0], std::string(words[0].text) + ":RATIO");
  const auto ratio = parse_positive("ratio", words[1], kMaxRatio);
  if (!ratio) return ratio.error();
  stage.ratio = *ratio;
  if (stage.score == LayerScore::kAttention) return no_more(words, 2, "at most a ratio");
  const bool hybrid = stage.score == LayerScore::kHybrid;
  std::array<bool, kLayerOptions.size()> seen{};
  for (std::size_t i = 2; i < words.size(); ++i) {
    const std::vector<Word> pair = split(words[i], '=');
    const auto option = find_option(kLayerOptions, pair);
    if (option == kLayerOptions.end() || (option->hybrid_only && !hybrid) ||
        std::exchange(seen[static_cast<std::size_t>(option - kLayerOptions.begin())], true)) {
      return fail("option", words[i],
                  hybrid ? "alpha=X, mu=X, sigma=X, each once" : "mu=X, sigma=X, each once");
    }
    const auto number =
        option->positive ? parse_positive(option->name, pair[1], 1) : parse_share(option->name, pair[1]);
    if (!number) return number.error();
    stage.*(option->field) = *number;
  }
  return {};
}

Result<void> parse_protect(const Word& value, Preset& preset) {
  const std::vector<Word> words = split(value, ':');
  if (words[0].text == "none") return no_more(words, 1, "no option after 'none'");
  std::array<bool, kProtectOptions.size() + 1> seen{};
  for (const Word& word : words) {
    const bool fp16 = word.text == "fp16";
    const std::vector<Word> pair = split(word, '=');
    const auto option = find_option(kProtectOptions, pair);
    const auto index = static_cast<std::size_t>(option - kProtectOptions.begin());
    if ((!fp16 && option == kProtectOptions.end()) || std::exchange(seen[index], true)) {
      return fail("option", word, "none, or first=N, recent=N, ends=N, fp16, each once");
    }
    if (fp16) {
      preset.protect.fp16 = true;
      continue;
    }
    const auto count = parse_count(option->name, pair[1], 0, option->most);
    if (!count) return count.error();
    preset.protect.*(option->field) = *count;
  }
  return {};
}

Result<void> parse_transform(const Word& value, Preset& preset) {
  const Word whole = trim(value);
  if (whole.text == "none") return {};
  const std::vector<Word> parts = split(whole, '+');
  preset.transform.undo_rope = parts[0].text == kColumnNames[0];
  if (preset.transform.undo_rope && parts.size() == 1) return {};
  const std::size_t columns = preset.transform.undo_rope ? 1 : 0;
  if (parts.size() > columns + 1) {
    return fail("transform", parts[columns + 1], "at most rope and one more, rope first");
  }
  return parse_columns(parts[columns], preset.transform);
}

Result<void> parse_allocate(const Word& value, Preset& preset) {
  AllocateStage& stage = preset.allocate;
  const std::vector<Word> words = split(value, ':');
  const std::size_t method = index_of(kAllocateNames, words[0].text);
  if (method == kAllocateNames.size()) {
    return fail("unknown allocation", words[0],
                "none, sensitivity, tokens:BITS:WEIGHT, cachegen:LEVEL, delay:WEIGHER");
  }
  stage.method = static_cast<AllocateMethod>(method);
  if (stage.method == AllocateMethod::kTokens) {
    if (words.size() < 3) return fail("no bits or weight after", words[0], "tokens:BITS:WEIGHT");
    if (!parse_number(words[1].text, stage.bits) || !(stage.bits >= 2 && stage.bits <= 16)) {
      return fail("mean bits", words[1], "a number from 2 to 16");
    }
    const std::size_t weight = index_of(kWeightNames, words[2].text);
    if (weight == kWeightNames.size()) {
      return fail("unknown weight", words[2], "attention, position, random, uniform");
    }
    stage.weight = static_cast<TokenWeight>(weight);
    return no_more(words, 3, "at most bits and a weight");
  }
  if (stage.method == AllocateMethod::kDelay) {
    if (words.size() < 2) return fail("no weigher after", words[0], "delay:WEIGHER");
    const std::size_t weigher = index_of(kWeigherNames, words[1].text);
    if (weigher == kWeigherNames.size()) return fail("unknown weigher", words[1], "h2o, templates, q2c");
    stage.weigher = static_cast<DelayWeigher>(weigher);
    return no_more(words, 2, "at most a weigher");
  }
  if (stage.method != AllocateMethod::kCacheGen) {
    return no_more(words, 1, "no option after '" + std::string(words[0].text) + "'");
  }
  if (words.size() < 2) return fail("no level after", words[0], "cachegen:LEVEL");
  const auto level = parse_count("level", words[1], 1, kMaxCacheGenLevel);
  if (!level) return level.error();
  stage.level = *level;
  return no_more(words, 2, "at most a level");
}

Result<void> parse_facts(const Word& value, Preset& preset) {
  const std::vector<Word> words = split(value, ':');
  if (words[0].text == "none") return no_more(words, 1, "no option after 'none'");
  if (!parse_number(words[0].text, preset.fact_words) || preset.fact_words == 0 ||
      preset.fact_words > kMaxFactWords) {
    return fail("words of facts", words[0], "none, or 1 to " + std::to_string(kMaxFactWords));
  }
  return no_more(words, 1, "at most a number of words");
}

Result<void> parse_entropy(const Word& value, Preset& preset) {
  EntropyStage& stage = preset.entropy;
  const std::vector<Word> words = split(value, ':');
  if (words[0].text == "none") return no_more(words, 1, "no option after 'none'");
  if (words[0].text == "zstd") {
    stage.coder = EntropyCoder::kZstd;
    if (words.size() < 2) return {};
    const auto level = parse_count("zstd level", words[1], 1, kMaxZstdLevel);
    if (!level) return level.error();
    stage.level = static_cast<int>(*level);
    return no_more(words, 2, "at most a level");
  }
  if (words[0].text != "rans") {
    return fail("unknown entropy coder", words[0],
                "none, zstd, rans:static, rans:card, rans:adaptive, rans:context");
  }
  if (words.size() < 2) return fail("no tables after", words[0], "rans:TABLES");
  const std::size_t tables = index_of(kTableNames, words[1].text);
  if (tables == kTableNames.size())
    return fail("unknown tables", words[1], "static, card, adaptive, context");
  stage.coder = static_cast<EntropyCoder>(static_cast<std::size_t>(EntropyCoder::kRansStatic) + tables);
  return no_more(words, 2, "at most one kind of tables");
}

}  // namespace kvferry
