// SPDX-License-Identifier: MIT
//
// What must hold between stages.
#include <bit>

#include "codec/preset/stages.h"

namespace kvferry {
namespace {

bool is_kind(const QuantStage& quant, QuantKind kind) {
  return quant.key.kind == kind || quant.value.kind == kind;
}

bool is_symmetric(const QuantSpec& spec) { return spec.kind == QuantKind::kSymmetric && spec.symbols != 2; }

bool is_int(const QuantSpec& spec) {
  if (spec.kind == QuantKind::kAffine) return true;
  return spec.kind == QuantKind::kSymmetric && (spec.symbols == 2 || std::has_single_bit(spec.symbols + 1U));
}

struct Rule {
  Stage stage;  // that asks for more; it stands in the text when the rule is broken
  bool (*broken)(const Preset& preset);
  std::string_view expected;
};

constexpr std::array<Rule, 16> kRules = {{
    {Stage::kProtect,
     [](const Preset& p) {
       return p.protect.fp16 && p.protect.first == 0 && p.protect.recent == 0 && p.protect.ends == 0;
     },
     "first=N, recent=N or ends=N beside fp16"},
    {Stage::kTransform,
     [](const Preset& p) { return p.transform.columns == ColumnTransform::kPca && !p.transform.undo_rope; },
     "rope+pca: calibrated components are of K before RoPE"},
    {Stage::kQuant,
     [](const Preset& p) {
       return is_kind(p.quant, QuantKind::kComponents) && p.quant.key.kind != p.quant.value.kind;
     },
     "pca for both K and V"},
    {Stage::kQuant,
     [](const Preset& p) {
       return is_kind(p.quant, QuantKind::kComponents) && p.transform.columns != ColumnTransform::kPca;
     },
     "transform=rope+pca before it"},
    {Stage::kQuant,
     [](const Preset& p) {
       return is_kind(p.quant, QuantKind::kRotated) && p.transform.columns != ColumnTransform::kNone;
     },
     "fp16, intN or binsN after svd, pca or anchor"},
    {Stage::kAllocate,
     [](const Preset& p) {
       const bool whole_bits =
           p.allocate.method == AllocateMethod::kSensitivity || p.allocate.method == AllocateMethod::kTokens;
       return whole_bits && !(is_int(p.quant.key) && is_int(p.quant.value));
     },
     "quant=intN for K and V before it"},
    {Stage::kAllocate,
     [](const Preset& p) {
       return p.allocate.method == AllocateMethod::kCacheGen &&
              !(is_symmetric(p.quant.key) && is_symmetric(p.quant.value));
     },
     "quant=binsN for K and V before it"},
    {Stage::kEntropy,
     [](const Preset& p) {
       const bool rans = p.entropy.coder != EntropyCoder::kNone && p.entropy.coder != EntropyCoder::kZstd;
       return rans && !p.is_progressive() && p.quant.key.kind == QuantKind::kFp16 &&
              p.quant.value.kind == QuantKind::kFp16;
     },
     "none or zstd: fp16 has no symbols"},
    {Stage::kEntropy,
     [](const Preset& p) {
       const bool rans = p.entropy.coder != EntropyCoder::kNone && p.entropy.coder != EntropyCoder::kZstd;
       return rans && is_kind(p.quant, QuantKind::kComponents);
     },
     "none or zstd: components have alphabets of their own"},
    {Stage::kEntropy,
     [](const Preset& p) {
       return p.entropy.coder == EntropyCoder::kRansStatic && p.allocate.method == AllocateMethod::kTokens;
     },
     "rans:card or rans:adaptive: tokens of other documents have other bits"},
    {Stage::kTransform,
     [](const Preset& p) { return p.transform.columns == ColumnTransform::kMetric && !p.is_progressive(); },
     "quant=planes:N after it"},
    {Stage::kTransform,
     [](const Preset& p) {
       return p.transform.columns == ColumnTransform::kMetric && !p.transform.undo_rope;
     },
     "rope+metric: the metric is of K before RoPE"},
    {Stage::kQuant,
     [](const Preset& p) {
       return p.is_progressive() && (p.transform.columns != ColumnTransform::kMetric ||
                                     p.entropy.coder != EntropyCoder::kRansContext);
     },
     "transform=rope+metric before planes and entropy=rans:context after them"},
    {Stage::kProtect, [](const Preset& p) { return p.is_progressive() && p.protect.fp16; },
     "no fp16 with planes: they protect by benefit"},
    {Stage::kAllocate,
     [](const Preset& p) {
       return p.allocate.method == AllocateMethod::kDelay
                  ? !p.is_progressive()
                  : p.is_progressive() && p.allocate.method != AllocateMethod::kNone;
     },
     "delay with quant=planes, and nothing else with planes"},
    {Stage::kEntropy,
     [](const Preset& p) { return p.entropy.coder == EntropyCoder::kRansContext && !p.is_progressive(); },
     "quant=planes:N before it"},
}};

}  // namespace

Result<void> check_stages(const Preset& preset, const StageWords& words) {
  for (const Rule& rule : kRules) {
    const auto& word = words[static_cast<std::size_t>(rule.stage)];
    if (rule.broken(preset) && word) return fail("stage", *word, rule.expected);
  }
  return {};
}

}  // namespace kvferry
