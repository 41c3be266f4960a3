// SPDX-License-Identifier: MIT
#include <gtest/gtest.h>

#include "codec/preset.h"

namespace kvferry {
namespace {

// The error without its "preset: ".
std::string error_of(std::string_view text) {
  const auto preset = parse_preset(text);
  return preset ? "no error" : preset.error().message.substr(8);
}

const std::string kStages = "select, layers, protect, transform, quant, allocate, facts, entropy";
const std::string kQuantizers = "fp16, q8_0, int1 to int8, binsN, fwht1 to fwht8, pca:BITS, planes:N";
const std::string kRatio = "a number above 0 and at most 1";

TEST(PresetErrors, point_at_stages) {
  const std::string order = ", expected each stage once, in the order " + kStages;
  EXPECT_EQ(error_of("qant=int4"), "unknown stage 'qant' at column 1, expected " + kStages);
  EXPECT_EQ(error_of("quant=int4 | select=full"), "stage 'select' at column 14" + order);
  EXPECT_EQ(error_of("quant=int4 | quant=int4"), "stage 'quant' at column 14" + order);
  EXPECT_EQ(error_of("quant=int4 |"), "unknown stage '' at column 13, expected " + kStages);
  EXPECT_EQ(error_of("int4 | quant"), "unknown stage 'int4' at column 1, expected " + kStages);
  EXPECT_EQ(error_of("select=full | quant"), "no value for stage 'quant' at column 15, expected quant=...");
}

TEST(PresetErrors, point_at_words_of_selection) {
  EXPECT_EQ(error_of("select=best:0.5"),
            "unknown selection 'best' at column 8, expected full, random:RATIO, streaming:RATIO, h2o:RATIO, "
            "snapkv:RATIO, templates:RATIO, q2c:RATIO, union:BASE+TASK");
  EXPECT_EQ(error_of("select=q2c"), "no ratio after 'q2c' at column 8, expected q2c:RATIO");
  EXPECT_EQ(error_of("select=h2o:0"), "ratio '0' at column 12, expected " + kRatio);
  EXPECT_EQ(error_of("select=q2c: 1.5"), "ratio '1.5' at column 13, expected " + kRatio);
  EXPECT_EQ(error_of("select=q2c:nan"), "ratio 'nan' at column 12, expected " + kRatio);
  EXPECT_EQ(error_of("select=q2c:0.5:sinks=4"),
            "unexpected option 'sinks=4' at column 16, expected at most a ratio");
  EXPECT_EQ(error_of("select=full:0.5"),
            "unexpected option '0.5' at column 13, expected no option after 'full'");
  EXPECT_EQ(error_of("select=union:0.5"), "ratios '0.5' at column 14, expected BASE+TASK");
  EXPECT_EQ(error_of("select=union:0.5+0"), "ratio '0' at column 18, expected " + kRatio);
  EXPECT_EQ(error_of("select=union:0.5+0.6"), "ratios '0.5+0.6' at column 14, expected a sum of at most 1");
  EXPECT_EQ(error_of("layers=middle:0.5"),
            "unknown layer score 'middle' at column 8, expected all, attention:RATIO, gaussian:RATIO, "
            "hybrid:RATIO");
  EXPECT_EQ(error_of("layers=hybrid:0.5:beta=1"),
            "option 'beta=1' at column 19, expected alpha=X, mu=X, sigma=X, each once");
  EXPECT_EQ(error_of("layers=hybrid:0.5:mu=0:mu=0"),
            "option 'mu=0' at column 24, expected alpha=X, mu=X, sigma=X, each once");
  EXPECT_EQ(error_of("layers=gaussian:0.5:alpha=1"),
            "option 'alpha=1' at column 21, expected mu=X, sigma=X, each once");
  EXPECT_EQ(error_of("layers=hybrid:0.5:alpha=2"), "alpha '2' at column 25, expected a number from 0 to 1");
  EXPECT_EQ(error_of("layers=hybrid:0.5:sigma=0"), "sigma '0' at column 25, expected " + kRatio);
  EXPECT_EQ(error_of("protect=last=4"),
            "option 'last=4' at column 9, expected none, or first=N, recent=N, ends=N, fp16, each once");
  EXPECT_EQ(error_of("protect=first=4:first=4"),
            "option 'first=4' at column 17, expected none, or first=N, recent=N, ends=N, fp16, each once");
  EXPECT_EQ(error_of("protect=first=-1"), "first '-1' at column 15, expected 0 to 65536");
  EXPECT_EQ(error_of("protect=ends=513"), "ends '513' at column 14, expected 0 to 512");
}

TEST(PresetErrors, point_at_words_of_quantization) {
  EXPECT_EQ(error_of("quant=int9"), "unknown quantizer 'int9' at column 7, expected " + kQuantizers);
  EXPECT_EQ(error_of("select=full | quant=int4/x"),
            "unknown quantizer 'x' at column 26, expected " + kQuantizers);
  EXPECT_EQ(error_of("quant="), "unknown quantizer '' at column 7, expected " + kQuantizers);
  EXPECT_EQ(error_of("quant=bins15:token"),
            "number of bins 'bins15' at column 7, expected an even number from 4 to 256");
  EXPECT_EQ(error_of("quant=int4/int4/int4"),
            "unexpected quantizer 'int4' at column 17, expected at most one for K and one for V");
  EXPECT_EQ(error_of("quant=int4:48"),
            "group size '48' at column 12, expected tensor, token, channel, group, or a group size of 8, 16, "
            "32, 64, 128");
  EXPECT_EQ(error_of("quant=int4:group:256"), "group size '256' at column 18, expected 8, 16, 32, 64, 128");
  EXPECT_EQ(error_of("quant=int4:token:32"),
            "unexpected option '32' at column 18, expected no group size after 'token'");
  EXPECT_EQ(error_of("quant=int4:32:1"), "unexpected option '1' at column 15, expected at most a group size");
  EXPECT_EQ(error_of("quant=fp16:32"),
            "unexpected option '32' at column 12, expected no option after 'fp16'");
  EXPECT_EQ(error_of("quant=fwht3:32"),
            "unexpected option '32' at column 13, expected no option after 'fwht3'");
  EXPECT_EQ(error_of("quant=pca"), "no bits after 'pca' at column 7, expected pca:BITS");
  EXPECT_EQ(error_of("quant=pca:9"),
            "component bits '9' at column 11, expected a number above 0 and at most 8");
  EXPECT_EQ(error_of("transform=rope+pca | quant=pca:2/pca:3"),
            "component bits '3' at column 38, expected the same for K and V");
  const std::string transforms =
      ", expected none, rope, svd:RANK, anchor:N, rope+svd:RANK, rope+anchor:N, rope+pca, rope+metric";
  EXPECT_EQ(error_of("transform=dct"), "unknown transform 'dct' at column 11" + transforms);
  EXPECT_EQ(error_of("transform=rope+rope"), "unknown transform 'rope' at column 16" + transforms);
  EXPECT_EQ(error_of("transform=pca+rope"),
            "transform 'rope' at column 15, expected at most rope and one more, rope first");
  EXPECT_EQ(error_of("transform=svd"), "no number after 'svd' at column 11, expected svd:RANK");
  EXPECT_EQ(error_of("transform=svd:0"), "rank '0' at column 15, expected 1 to 4096");
  EXPECT_EQ(error_of("transform=anchor:65"), "anchor group '65' at column 18, expected 2 to 64");
}

TEST(PresetErrors, point_at_words_of_the_other_stages) {
  EXPECT_EQ(error_of("quant=int4 | allocate=all"),
            "unknown allocation 'all' at column 23, expected none, sensitivity, tokens:BITS:WEIGHT, "
            "cachegen:LEVEL, delay:WEIGHER");
  EXPECT_EQ(error_of("allocate=tokens:4"),
            "no bits or weight after 'tokens' at column 10, expected tokens:BITS:WEIGHT");
  EXPECT_EQ(error_of("allocate=tokens:1:random"),
            "mean bits '1' at column 17, expected a number from 2 to 16");
  EXPECT_EQ(error_of("allocate=tokens:4:best"),
            "unknown weight 'best' at column 19, expected attention, position, random, uniform");
  EXPECT_EQ(error_of("allocate=cachegen:4"), "level '4' at column 19, expected 1 to 3");
  EXPECT_EQ(error_of("facts=0"), "words of facts '0' at column 7, expected none, or 1 to 1024");
  EXPECT_EQ(
      error_of("entropy=gzip"),
      "unknown entropy coder 'gzip' at column 9, expected none, zstd, rans:static, rans:card, rans:adaptive, "
      "rans:context");
  EXPECT_EQ(error_of("entropy=zstd:20"), "zstd level '20' at column 14, expected 1 to 19");
  EXPECT_EQ(error_of("entropy=rans"), "no tables after 'rans' at column 9, expected rans:TABLES");
  EXPECT_EQ(error_of("entropy=rans:own"),
            "unknown tables 'own' at column 14, expected static, card, adaptive, context");
}

TEST(PresetErrors, stages_must_fit_each_other) {
  EXPECT_EQ(error_of("protect=fp16"),
            "stage 'protect=fp16' at column 1, expected first=N, recent=N or ends=N beside fp16");
  EXPECT_EQ(
      error_of("transform=pca | quant=pca:2"),
      "stage 'transform=pca' at column 1, expected rope+pca: calibrated components are of K before RoPE");
  EXPECT_EQ(error_of("quant=pca:2"),
            "stage 'quant=pca:2' at column 1, expected transform=rope+pca before it");
  EXPECT_EQ(error_of("transform=rope+pca | quant=pca:2/int4"),
            "stage 'quant=pca:2/int4' at column 22, expected pca for both K and V");
  for (const std::string transform : {"svd:8", "rope+pca", "anchor:8"}) {
    EXPECT_EQ(error_of("transform=" + transform + "|quant=int8/fwht3"),
              "stage 'quant=int8/fwht3' at column " + std::to_string(12 + transform.size()) +
                  ", expected fp16, intN or binsN after svd, pca or anchor");
  }
  for (const std::string stages : {"", "quant=int4/fp16|", "quant=bins12|", "quant=q8_0/fwht3|"}) {
    for (const std::string allocate : {"allocate=sensitivity", "allocate=tokens:4:random"}) {
      EXPECT_EQ(error_of(stages + allocate), "stage '" + allocate + "' at column " +
                                                 std::to_string(1 + stages.size()) +
                                                 ", expected quant=intN for K and V before it");
    }
  }
  EXPECT_EQ(error_of("quant=int4 | allocate=cachegen:2"),
            "stage 'allocate=cachegen:2' at column 14, expected quant=binsN for K and V before it");
  EXPECT_EQ(error_of("entropy=rans:card"),
            "stage 'entropy=rans:card' at column 1, expected none or zstd: fp16 has no symbols");
  EXPECT_EQ(error_of("transform=rope+pca | quant=pca:2 | entropy=rans:card"),
            "stage 'entropy=rans:card' at column 36, expected none or zstd: components have alphabets of "
            "their own");
  EXPECT_EQ(error_of("quant=fp16/int4 | entropy=rans:adaptive"), "no error");
  EXPECT_EQ(error_of("quant=int4:sym/int2 | allocate=tokens:4:random"), "no error");
  EXPECT_EQ(error_of("transform=rope | quant=fwht3 | entropy=rans:static"), "no error");
}

TEST(PresetErrors, unknown_names_are_told_the_known_ones) {
  std::string known;
  for (const NamedPreset& named : named_presets()) known += std::string(named.name) + ", ";
  known += "or stages such as 'quant=int4 | entropy=zstd'";
  EXPECT_EQ(error_of("int5"), "unknown name 'int5' at column 1, expected " + known);
  EXPECT_EQ(error_of("  "), "empty, expected " + known);
}

}  // namespace
}  // namespace kvferry
