// SPDX-License-Identifier: MIT
#include "codec/preset.h"

#include <gtest/gtest.h>

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

TEST(Preset, names_stand_for_pipelines) {
  for (const NamedPreset& named : named_presets()) {
    EXPECT_EQ(canonical(named.name), named.pipeline);
    EXPECT_EQ(canonical(named.pipeline), named.pipeline);
  }
  EXPECT_EQ(canonical(" int4 "), "select=full | quant=int4 | entropy=zstd");
}

TEST(Preset, missing_stages_and_options_have_defaults_that_are_not_printed) {
  EXPECT_EQ(canonical("quant=int8"), "select=full | quant=int8 | entropy=none");
  EXPECT_EQ(canonical("quant=int8:64|entropy=zstd:3"), "select=full | quant=int8 | entropy=zstd");
  EXPECT_EQ(canonical("select=random:1.0:sinks=0"), "select=random:1 | quant=fp16 | entropy=none");
}

TEST(Preset, options_are_kept) {
  constexpr std::string_view kAll = "select=q2c:0.75:sinks=4 | quant=int2:32 | entropy=zstd:19";
  const auto preset = parse_preset("  select = q2c : 0.75 :sinks=4|quant=int2:32 |  entropy=zstd:19 ");
  ASSERT_TRUE(preset.ok()) << preset.error().message;
  EXPECT_EQ(to_string(*preset), kAll);
  EXPECT_EQ(preset->select.ratio, 0.75);
  EXPECT_EQ(preset->select.sinks, 4U);
  EXPECT_EQ(preset->quant.group, 32U);
  EXPECT_EQ(preset->entropy.level, 19);
  EXPECT_TRUE(preset->is_query_aware());
  EXPECT_EQ(canonical("select=random:0.1"), "select=random:0.1 | quant=fp16 | entropy=none");
}

TEST(Preset, errors_point_at_the_word) {
  constexpr std::string_view kOrder = ", expected each stage once, in the order select, quant, entropy";
  EXPECT_EQ(error_of("quant=int5"),
            "preset: unknown quantizer 'int5' at column 7, expected fp16, int8, int4, int2");
  EXPECT_EQ(error_of("select=full | quant=int5"),
            "preset: unknown quantizer 'int5' at column 21, expected fp16, int8, int4, int2");
  EXPECT_EQ(error_of("qant=int4"),
            "preset: unknown stage 'qant' at column 1, expected select, quant, entropy");
  EXPECT_EQ(error_of("select=best:0.5"),
            "preset: unknown selection 'best' at column 8, expected full, random:RATIO, q2c:RATIO");
  EXPECT_EQ(error_of("select=q2c"), "preset: no ratio after 'q2c' at column 8, expected q2c:RATIO");
  EXPECT_EQ(error_of("select=q2c:0"),
            "preset: ratio '0' at column 12, expected a number above 0 and at most 1");
  EXPECT_EQ(error_of("select=q2c: 1.5"),
            "preset: ratio '1.5' at column 13, expected a number above 0 and at most 1");
  EXPECT_EQ(error_of("select=q2c:nan"),
            "preset: ratio 'nan' at column 12, expected a number above 0 and at most 1");
  EXPECT_EQ(error_of("select=q2c:0.5:sink=1"),
            "preset: option 'sink=1' at column 16, expected sinks=N with N from 0 to 65536");
  EXPECT_EQ(error_of("select=q2c:0.5:sinks=-1"),
            "preset: option 'sinks=-1' at column 16, expected sinks=N with N from 0 to 65536");
  EXPECT_EQ(error_of("select=full:0.5"),
            "preset: unexpected option '0.5' at column 13, expected no option after 'full'");
  EXPECT_EQ(error_of("quant=int4:48"), "preset: group size '48' at column 12, expected 8, 16, 32, 64, 128");
  EXPECT_EQ(error_of("quant=int4:32:1"),
            "preset: unexpected option '1' at column 15, expected at most a group size");
  EXPECT_EQ(error_of("quant=fp16:32"),
            "preset: unexpected option '32' at column 12, expected no option after 'fp16'");
  EXPECT_EQ(error_of("entropy=gzip"),
            "preset: unknown entropy coder 'gzip' at column 9, expected none, zstd");
  EXPECT_EQ(error_of("entropy=zstd:20"), "preset: zstd level '20' at column 14, expected 1 to 19");
  EXPECT_EQ(error_of("quant=int4 | select=full"),
            "preset: stage 'select' at column 14" + std::string(kOrder));
  EXPECT_EQ(error_of("quant=int4 | quant=int4"), "preset: stage 'quant' at column 14" + std::string(kOrder));
  EXPECT_EQ(error_of("quant=int4 |"),
            "preset: unknown stage '' at column 13, expected select, quant, entropy");
  EXPECT_EQ(error_of("quant="), "preset: unknown quantizer '' at column 7, expected fp16, int8, int4, int2");
  EXPECT_EQ(error_of("int4 | quant"),
            "preset: unknown stage 'int4' at column 1, expected select, quant, entropy");
  EXPECT_EQ(error_of("select=full | quant"),
            "preset: no value for stage 'quant' at column 15, expected quant=...");
}

TEST(Preset, unknown_names_are_told_the_known_ones) {
  const std::string known = "fp16, int8, int4, int2, or stages such as 'quant=int4 | entropy=zstd'";
  EXPECT_EQ(error_of("int5"), "preset: unknown name 'int5' at column 1, expected " + known);
  EXPECT_EQ(error_of("  "), "preset: empty, expected " + known);
}

TEST(Preset, hostile_text_is_bounded_and_echoed_safely) {
  EXPECT_EQ(error_of(std::string(300, 'a')), "preset: 300 characters, expected at most 256");
  EXPECT_EQ(error_of(std::string("quant=\x1b[2J\n", 11)),
            "preset: unknown quantizer '?[2J?' at column 7, expected fp16, int8, int4, int2");
  const std::string cut = error_of("quant=" + std::string(100, 'x'));
  EXPECT_NE(cut.find("'" + std::string(32, 'x') + "...'"), std::string::npos) << cut;
}

}  // namespace
}  // namespace kvferry
