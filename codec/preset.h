// SPDX-License-Identifier: MIT
//
// A preset is a pipeline in text: `select=q2c:0.75 | quant=int4 | entropy=zstd`.
//
//   preset   := name | stage *( '|' stage )             spaces around words are free
//   stage    := 'select='    ( 'full' | method ':' ratio | 'union:' base '+' task )
//             | 'layers='    ( 'all' | score ':' ratio *( ':alpha=' x | ':mu=' x | ':sigma=' x ) )
//             | 'protect='   ( 'none' | option *( ':' option ) )
//                              option := 'first=' n | 'recent=' n | 'ends=' n | 'fp16'
//             | 'transform=' ( 'none' | 'rope' | [ 'rope+' ] ( 'svd:' rank | 'anchor:' n ) | 'rope+pca'
//                              | 'rope+metric' )
//             | 'quant='     ( spec [ '/' spec ] | 'planes:' n )      of K and of V; one alone is both
//             | 'allocate='  ( 'none' | 'sensitivity' | 'tokens:' bits ':' weight | 'cachegen:' level
//                              | 'delay:' weigher )
//             | 'facts='     ( 'none' | words )
//             | 'entropy='   ( 'none' | 'zstd' [ ':' level ] | 'rans:' tables )
//   method   := 'random' | 'streaming' | 'h2o' | 'snapkv' | 'templates' | 'q2c'
//   score    := 'attention' | 'gaussian' | 'hybrid'
//   weight   := 'attention' | 'position' | 'random' | 'uniform'
//   weigher  := 'h2o' | 'templates' | 'q2c'
//   tables   := 'static' | 'card' | 'adaptive' | 'context'
//   spec     := 'fp16' | 'q8_0' | 'fwht' bits | 'pca:' bits | uniform [ grouping ]
//   uniform  := 'int' bits [ ':sym' ] | 'bins' n
//   grouping := ':tensor' | ':token' | [ ':channel' | ':group' ] [ ':' group ]
//
// Stages stand in this order, each at most once; a missing stage is its first choice. Without
// a grouping, K is quantized by channel and V by group (KIVI). binsN is CacheGen's: N - 1
// symbols around 0, so that int4:sym is bins16. q8_0 is int8:sym:group:32. rope+metric, planes and
// rans:context go together: a progressive card, whose every prefix is a cache (PLANES.md).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "codec/quant/spec.h"
#include "protocol/base/result.h"

namespace kvferry {

inline constexpr std::uint32_t kMaxProtectedTokens = 65536;
inline constexpr std::uint32_t kMaxProtectedLayers = 512;
inline constexpr std::uint32_t kMaxRank = 4096;
inline constexpr std::uint32_t kMinAnchorGroup = 2;
inline constexpr std::uint32_t kMaxAnchorGroup = 64;
inline constexpr std::uint32_t kMaxCacheGenLevel = 3;
inline constexpr std::uint32_t kMaxPlaneLevels = 24;
inline constexpr std::uint32_t kMaxFactWords = 1024;
inline constexpr int kMaxZstdLevel = 19;
inline constexpr int kDefaultZstdLevel = 3;

// Which rows of the cache travel.
enum class SelectMethod : std::uint8_t {
  kFull,
  kRandom,     // by a hash of the row
  kStreaming,  // the first (protect's, or 4) and the most recent
  kH2o,        // to kQ2c: by AttentionScore (select/scores.h)
  kSnapKv,
  kTemplates,
  kQ2c,
  kUnion  // a base by templates, then the question's of the rest
};

struct SelectStage {
  SelectMethod method = SelectMethod::kFull;
  double ratio = 1.0;       // share of the rows kept, in (0, 1]; of a union, its base
  double task_ratio = 0.0;  // of a union: the share that the question adds
  friend bool operator==(const SelectStage&, const SelectStage&) = default;
};

// Which layers travel: Q-KVComm's S_l = α S_a + (1 - α) exp(-(l - μ L)² / 2 (σ L)²).
enum class LayerScore : std::uint8_t { kAll, kAttention, kGaussian, kHybrid };

struct LayersStage {
  LayerScore score = LayerScore::kAll;
  double ratio = 1.0;   // share of the layers kept, in (0, 1]
  double alpha = 0.5;   // of hybrid
  double mu = 0.5;      // centre, as a share of the depth (the paper's γ_μ)
  double sigma = 0.25;  // deviation, as a share of the depth
  friend bool operator==(const LayersStage&, const LayersStage&) = default;
};

// What selection may not drop.
struct ProtectStage {
  std::uint32_t first = 0;   // tokens
  std::uint32_t recent = 0;  // tokens
  std::uint32_t ends = 0;    // layers at each end
  bool fp16 = false;         // and quantization may not touch
  friend bool operator==(const ProtectStage&, const ProtectStage&) = default;
};

enum class ColumnTransform : std::uint8_t { kNone = 0, kSvd = 1, kPca = 2, kAnchor = 3, kMetric = 4 };

struct TransformStage {
  bool undo_rope = false;  // K is stored as before RoPE
  ColumnTransform columns = ColumnTransform::kNone;
  std::uint32_t size = 0;  // rank of svd, group of anchor
  friend bool operator==(const TransformStage&, const TransformStage&) = default;
};

struct QuantStage {
  QuantSpec key, value;
  double component_bits = 0;  // of kComponents: mean bits a number before transform, K and V alike
  std::uint32_t planes = 0;   // levels of a progressive card; 0: the specs count
  friend bool operator==(const QuantStage&, const QuantStage&) = default;
};

// Who gets more bits than quant says.
enum class AllocateMethod : std::uint8_t { kNone, kSensitivity, kTokens, kCacheGen, kDelay };
enum class TokenWeight : std::uint8_t { kAttention, kPosition, kRandom, kUniform };
// Whose attention says which rows' planes come later.
enum class DelayWeigher : std::uint8_t { kH2o, kTemplates, kQ2c };

struct AllocateStage {
  AllocateMethod method = AllocateMethod::kNone;
  double bits = 0;  // of tokens: mean bits a number
  TokenWeight weight = TokenWeight::kAttention;
  std::uint32_t level = 0;                          // of cachegen, 1 .. 3
  DelayWeigher weigher = DelayWeigher::kTemplates;  // of delay
  friend bool operator==(const AllocateStage&, const AllocateStage&) = default;
};

// The numbers are those of the chunk header.
enum class EntropyCoder : std::uint8_t {
  kNone = 0,
  kZstd = 1,
  kRansStatic = 2,
  kRansCard = 3,
  kRansAdaptive = 4,
  kRansContext = 5,  // of bit planes; in no chunk header
};

struct EntropyStage {
  EntropyCoder coder = EntropyCoder::kNone;
  int level = kDefaultZstdLevel;  // of zstd, 1 .. 19
  friend bool operator==(const EntropyStage&, const EntropyStage&) = default;
};

struct Preset {
  SelectStage select;
  LayersStage layers;
  ProtectStage protect;
  TransformStage transform;
  QuantStage quant;
  AllocateStage allocate;
  std::uint32_t fact_words = 0;  // of the summary that travels in the card
  EntropyStage entropy;

  // Whether its chunks are bit planes.
  [[nodiscard]] bool is_progressive() const { return quant.planes != 0; }
  // Whether the result depends on the question, so that the card serves only that one.
  [[nodiscard]] bool is_query_aware() const {
    return select.method == SelectMethod::kQ2c || select.method == SelectMethod::kUnion ||
           (allocate.method == AllocateMethod::kDelay && allocate.weigher == DelayWeigher::kQ2c);
  }
  // Whether encoding and decoding need a calibration of the model.
  [[nodiscard]] bool needs_calibration() const {
    return transform.columns == ColumnTransform::kPca || entropy.coder == EntropyCoder::kRansStatic ||
           is_progressive();
  }
  friend bool operator==(const Preset&, const Preset&) = default;
};

struct NamedPreset {
  std::string_view name;
  std::string_view pipeline;
  std::string_view source;  // where the method comes from
};

// The names that parse_preset accepts, with their canonical pipelines; and `cachegen`, which
// is cachegen-2.
[[nodiscard]] std::span<const NamedPreset> named_presets();

// Takes a name or a pipeline whose stages fit each other. The error is one line that quotes
// the word, gives its column (from 1) and what was expected there.
[[nodiscard]] Result<Preset> parse_preset(std::string_view text);

// The canonical pipeline: select, quant and entropy always, other stages and options where
// they differ from their defaults. parse_preset() reads the same preset back.
[[nodiscard]] std::string to_string(const Preset& preset);
// One quantizer, as quant= has it; components without their bits.
[[nodiscard]] std::string to_string(const QuantSpec& spec, KvTensor tensor);

// The stages that decide what symbols look like (transform, quant, allocate), canonical: the
// key of static tables.
[[nodiscard]] std::string symbol_pipeline(const Preset& preset);

[[nodiscard]] std::string_view to_string(SelectMethod method);
[[nodiscard]] std::string_view to_string(EntropyCoder coder);

}  // namespace kvferry
