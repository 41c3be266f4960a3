// SPDX-License-Identifier: MIT
#include "codec/preset.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>

namespace kvferry {
namespace {

std::string canonical(std::string_view text) {
  const auto preset = parse_preset(text);
  return preset ? to_string(*preset) : "error: " + preset.error().message;
}

std::string error_of(std::string_view text) {
  const auto preset = parse_preset(text);
  return preset ? "no error" : preset.error().message;
}

// protocol/SPEC.md §16 lists the names that a REQUEST may wish for.
TEST(NamedPresets, are_those_that_the_specification_registers) {
  std::ifstream file(KVFERRY_SOURCE_DIR "/protocol/SPEC.md");
  std::string line, registered, known;
  while (std::getline(file, line) && line != "```presets") {
  }
  while (std::getline(file, line) && line != "```") registered += line + "\n";
  for (const NamedPreset& named : named_presets())
    known += std::string(named.name) + ": " + std::string(named.pipeline) + "\n";
  EXPECT_EQ(registered, known);
}

TEST(Preset, names_stand_for_pipelines) {
  std::set<std::string_view> names;
  for (const NamedPreset& named : named_presets()) {
    EXPECT_TRUE(names.insert(named.name).second) << named.name;
    EXPECT_EQ(canonical(named.name), named.pipeline);
    EXPECT_EQ(canonical(named.pipeline), named.pipeline);
    EXPECT_FALSE(named.source.empty());
  }
  for (const char* name :
       {"qkvcomm", "qkvshare", "polykv", "task-aware", "cachegen-1", "cachegen-3", "kvtc"}) {
    EXPECT_TRUE(names.contains(name)) << name;
  }
  EXPECT_EQ(canonical(" int4 "), "select=full | quant=int4 | entropy=zstd");
  EXPECT_EQ(canonical("cachegen"), canonical("cachegen-2"));
}

TEST(Preset, missing_stages_and_options_have_defaults_that_are_not_printed) {
  EXPECT_EQ(canonical("quant=int8"), "select=full | quant=int8 | entropy=none");
  EXPECT_EQ(canonical("quant=int8:64|entropy=zstd:3"), "select=full | quant=int8 | entropy=zstd");
  EXPECT_EQ(canonical("select=random:1.0"), "select=random:1 | quant=fp16 | entropy=none");
  EXPECT_EQ(canonical("select=full | layers=all | protect=none | transform=none | quant=fp16 | "
                      "allocate=none | facts=none | entropy=none"),
            "select=full | quant=fp16 | entropy=none");
  EXPECT_EQ(canonical("layers=hybrid:0.7:sigma=0.25:alpha=0.5 | protect=first=0"),
            "select=full | layers=hybrid:0.7 | quant=fp16 | entropy=none");
}

TEST(Preset, options_are_kept) {
  const auto preset = parse_preset(
      "  select = union : 0.25 + 0.5|layers=hybrid:0.7:mu=0.4:alpha=0.75 | protect= recent = 8 "
      ":first=4:ends=2:fp16|"
      "transform=rope + svd:32 | quant=int2:sym:32 / int3:token | allocate=tokens:4.5:position | facts=40 |"
      "  entropy=zstd:19 ");
  ASSERT_TRUE(preset.ok()) << preset.error().message;
  EXPECT_EQ(preset->select, (SelectStage{SelectMethod::kUnion, 0.25, 0.5}));
  EXPECT_EQ(preset->layers, (LayersStage{LayerScore::kHybrid, 0.7, 0.75, 0.4, 0.25}));
  EXPECT_EQ(preset->protect, (ProtectStage{4, 8, 2, true}));
  EXPECT_EQ(preset->transform, (TransformStage{true, ColumnTransform::kSvd, 32}));
  EXPECT_EQ(preset->quant.key, (QuantSpec{QuantKind::kSymmetric, Along::kChannel, 3, 32}));
  EXPECT_EQ(preset->quant.value, (QuantSpec{QuantKind::kAffine, Along::kToken, 8, 0}));
  EXPECT_EQ(preset->allocate, (AllocateStage{AllocateMethod::kTokens, 4.5, TokenWeight::kPosition, 0}));
  EXPECT_EQ(preset->fact_words, 40U);
  EXPECT_EQ(preset->entropy, (EntropyStage{EntropyCoder::kZstd, 19}));
  EXPECT_TRUE(preset->is_query_aware());
  EXPECT_EQ(to_string(*preset),
            "select=union:0.25+0.5 | layers=hybrid:0.7:alpha=0.75:mu=0.4 | "
            "protect=first=4:recent=8:ends=2:fp16 | transform=rope+svd:32 | quant=int2:sym:32/int3:token | "
            "allocate=tokens:4.5:position | facts=40 | entropy=zstd:19");
}

// One quantizer for K and V: how it is printed, and the two specs.
struct QuantCase {
  std::string_view text, printed;
  QuantSpec key, value;
};

TEST(Preset, quantizers_are_alphabets_and_groupings) {
  constexpr auto kAffine = QuantKind::kAffine;
  constexpr auto kSymmetric = QuantKind::kSymmetric;
  const QuantSpec q8{kSymmetric, Along::kGroup, 255, 32};
  const QuantCase cases[] = {
      {"int4:32", "int4:32", {kAffine, Along::kChannel, 16, 32}, {kAffine, Along::kGroup, 16, 32}},
      {"int8", "int8", {kAffine, Along::kChannel, 256, 64}, {kAffine, Along::kGroup, 256, 64}},
      {"int1", "int1", {kAffine, Along::kChannel, 2, 64}, {kAffine, Along::kGroup, 2, 64}},
      {"int1:sym", "int1:sym", {kSymmetric, Along::kChannel, 2, 64}, {kSymmetric, Along::kGroup, 2, 64}},
      {"int5:sym:tensor",
       "int5:sym:tensor",
       {kSymmetric, Along::kTensor, 31, 0},
       {kSymmetric, Along::kTensor, 31, 0}},
      {"bins32:token",
       "int5:sym:token",
       {kSymmetric, Along::kToken, 31, 0},
       {kSymmetric, Along::kToken, 31, 0}},
      {"bins12:token",
       "bins12:token",
       {kSymmetric, Along::kToken, 11, 0},
       {kSymmetric, Along::kToken, 11, 0}},
      {"int4:group", "int4:group/int4", {kAffine, Along::kGroup, 16, 64}, {kAffine, Along::kGroup, 16, 64}},
      {"int4:channel:8",
       "int4:8/int4:channel:8",
       {kAffine, Along::kChannel, 16, 8},
       {kAffine, Along::kChannel, 16, 8}},
      {"int8:sym:group:32", "q8_0", q8, q8},
      {"q8_0/fwht3", "q8_0/fwht3", q8, {QuantKind::kRotated, Along::kTensor, 8, 0}},
      {"fwht8/fp16", "fwht8/fp16", {QuantKind::kRotated, Along::kTensor, 256, 0}, {}},
  };
  for (const QuantCase& c : cases) {
    const auto preset = parse_preset("quant=" + std::string(c.text));
    ASSERT_TRUE(preset.ok()) << preset.error().message;
    EXPECT_EQ(preset->quant.key, c.key) << c.text;
    EXPECT_EQ(preset->quant.value, c.value) << c.text;
    EXPECT_EQ(to_string(*preset), "select=full | quant=" + std::string(c.printed) + " | entropy=none");
  }
  EXPECT_EQ(to_string(q8, KvTensor::kKey), "q8_0");
  EXPECT_EQ(to_string(QuantSpec{kAffine, Along::kGroup, 16, 64}, KvTensor::kKey), "int4:group");
}

TEST(Preset, the_key_of_static_tables_leaves_out_what_symbols_do_not_depend_on) {
  const auto preset =
      parse_preset("select=q2c:0.5 | transform=rope | quant=int4 | facts=9 | entropy=rans:static");
  ASSERT_TRUE(preset.ok());
  EXPECT_EQ(symbol_pipeline(*preset), "transform=rope | quant=int4");
  EXPECT_TRUE(preset->needs_calibration());
  EXPECT_EQ(symbol_pipeline(*parse_preset("cachegen")), "quant=bins16:token | allocate=cachegen:2");
}

TEST(Preset, hostile_text_is_bounded_and_echoed_safely) {
  EXPECT_EQ(error_of(std::string(600, 'a')), "preset: 600 characters, expected at most 512");
  EXPECT_EQ(error_of(std::string("entropy=\x1b[2J\n", 13)),
            "preset: unknown entropy coder '?[2J?' at column 9, expected none, zstd, rans:static, rans:card, "
            "rans:adaptive, rans:context");
  const std::string cut = error_of("quant=" + std::string(100, 'x'));
  EXPECT_NE(cut.find("'" + std::string(32, 'x') + "...'"), std::string::npos) << cut;
}

}  // namespace
}  // namespace kvferry
