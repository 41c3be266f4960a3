// SPDX-License-Identifier: MIT
//
// What holds for every preset and every text, on generated ones.
#include <gtest/gtest.h>

#include <set>

#include "codec/preset.h"
#include "protocol/base/rng.h"
#include "protocol/card/manifest.h"

namespace kvferry {
namespace {

// Presets drawn from the grammar's struct, whose stages fit each other.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : rng_(seed) {}

  Preset draw() {
    Preset p;
    p.select.method = pick<SelectMethod>(8);
    if (p.select.method != SelectMethod::kFull) p.select.ratio = share();
    if (p.select.method == SelectMethod::kUnion) p.select.task_ratio = (1 - p.select.ratio) * share() + 1e-12;
    draw_layers(p.layers);
    if (rng_.chance(0.5)) {
      p.protect = {count(0, 3) * 4, count(0, 65536), count(0, 512), false};
      p.protect.fp16 = rng_.chance(0.5) && p.protect.first + p.protect.recent + p.protect.ends != 0;
    }
    draw_coding(p);
    if (rng_.chance(0.3)) p.fact_words = count(1, 1024);
    const bool symbols = p.quant.key.kind != QuantKind::kComponents &&
                         (p.quant.key.symbols != 0 || p.quant.value.symbols != 0);
    p.entropy.coder = pick<EntropyCoder>(symbols ? 5 : 2);
    const bool tokens = p.allocate.method == AllocateMethod::kTokens;
    if (tokens && p.entropy.coder == EntropyCoder::kRansStatic) p.entropy.coder = EntropyCoder::kRansCard;
    if (p.entropy.coder == EntropyCoder::kZstd) p.entropy.level = static_cast<int>(count(1, 19));
    return p;
  }

 private:
  std::uint32_t count(std::uint32_t least, std::uint32_t most) {
    return least + static_cast<std::uint32_t>(rng_.below(most - least + 1));
  }
  template <typename Enum>
  Enum pick(std::uint32_t values) {
    return static_cast<Enum>(rng_.below(values));
  }
  double share() { return rng_.chance(0.5) ? count(1, 100) / 100.0 : 1 - rng_.uniform(); }

  void draw_layers(LayersStage& stage) {
    stage.score = pick<LayerScore>(4);
    if (stage.score != LayerScore::kAll) stage.ratio = share();
    if (stage.score == LayerScore::kHybrid) stage.alpha = rng_.chance(0.3) ? 0 : share();
    if (stage.score != LayerScore::kHybrid && stage.score != LayerScore::kGaussian) return;
    if (rng_.chance(0.5)) stage.mu = share();
    if (rng_.chance(0.5)) stage.sigma = share();
  }

  // affine: 2^b symbols; otherwise symmetric with any odd alphabet, or only those of whole bits.
  QuantSpec uniform(bool affine, bool whole_bits) {
    QuantSpec spec;
    spec.kind = affine ? QuantKind::kAffine : QuantKind::kSymmetric;
    const std::uint32_t bits = count(1, 8);
    std::uint32_t symbols = 1U << bits;
    if (!affine && bits > 1) symbols = whole_bits ? symbols - 1 : 2 * count(1, 127) + 1;
    if (!affine && !whole_bits && symbols == 2) symbols = 3;
    spec.symbols = static_cast<std::uint16_t>(symbols);
    spec.along = pick<Along>(4);
    const bool grouped = spec.along == Along::kChannel || spec.along == Along::kGroup;
    spec.group = static_cast<std::uint16_t>(grouped ? 8U << rng_.below(5) : 0U);
    return spec;
  }

  QuantSpec any_spec(bool rotated) {
    const auto kind = rng_.below(rotated ? 4 : 3);
    if (kind == 0) return {};
    if (kind == 3)
      return {QuantKind::kRotated, Along::kTensor, static_cast<std::uint16_t>(2U << rng_.below(8)), 0};
    return uniform(kind == 1, rng_.chance(0.5));
  }

  void draw_coding(Preset& p) {
    p.transform.undo_rope = rng_.chance(0.5);
    p.transform.columns = pick<ColumnTransform>(4);
    if (p.transform.columns == ColumnTransform::kSvd) p.transform.size = count(1, 4096);
    if (p.transform.columns == ColumnTransform::kAnchor) p.transform.size = count(2, 64);
    if (p.transform.columns == ColumnTransform::kPca) {
      p.transform.undo_rope = true;
      if (rng_.chance(0.5)) {
        p.quant.key = p.quant.value = {QuantKind::kComponents, Along::kTensor, 256, 0};
        p.quant.component_bits = 8 * share();
        return;
      }
    }
    p.allocate.method = pick<AllocateMethod>(4);
    const bool bins = p.allocate.method == AllocateMethod::kCacheGen;
    const bool rotated = p.transform.columns == ColumnTransform::kNone;
    for (QuantSpec* spec : {&p.quant.key, &p.quant.value}) {
      *spec = p.allocate.method == AllocateMethod::kNone ? any_spec(rotated)
                                                         : uniform(!bins && rng_.chance(0.5), !bins);
    }
    if (bins) p.allocate.level = count(1, 3);
    if (p.allocate.method == AllocateMethod::kTokens) {
      p.allocate.bits = 2 + 14 * share();
      p.allocate.weight = pick<TokenWeight>(4);
    }
  }

  Rng rng_;
};

TEST(PresetText, every_preset_reads_back_from_its_text) {
  std::set<std::string> texts;
  for (std::uint64_t seed = 0; seed < 20000; ++seed) {
    const Preset preset = Generator(seed).draw();
    const std::string text = to_string(preset);
    ASSERT_LE(text.size(), Manifest::kMaxPresetBytes);
    const auto parsed = parse_preset(text);
    ASSERT_TRUE(parsed.ok()) << "seed " << seed << ": " << text << '\n' << parsed.error().message;
    ASSERT_EQ(*parsed, preset) << "seed " << seed << ": " << text;
    ASSERT_EQ(to_string(*parsed), text);
    texts.insert(text);
  }
  EXPECT_GT(texts.size(), 19000U);
}

TEST(PresetText, cut_and_altered_text_is_read_or_refused_in_one_line) {
  std::size_t refused = 0;
  for (std::uint64_t seed = 0; seed < 20000; ++seed) {
    Rng rng(seed);
    std::string text = to_string(Generator(seed % 500).draw());
    text[rng.below(text.size())] = static_cast<char>(rng.below(256));
    if (rng.chance(0.5)) text.resize(rng.below(text.size() + 1));
    const auto parsed = parse_preset(text);
    if (parsed) {
      const auto again = parse_preset(to_string(*parsed));
      ASSERT_TRUE(again.ok() && *again == *parsed) << text;
      continue;
    }
    ++refused;
    ASSERT_EQ(parsed.error().message.substr(0, 8), "preset: ");
    for (const char c : parsed.error().message) ASSERT_TRUE(c >= ' ' && c <= '~') << text;
  }
  EXPECT_GT(refused, 5000U);
}

}  // namespace
}  // namespace kvferry
