// SPDX-License-Identifier: MIT
//
// A preset is a pipeline in text: `select=q2c:0.75 | quant=int4 | entropy=zstd`.
//
//   preset  := name | stage *( '|' stage )            spaces around words are free
//   stage   := 'select=' ( 'full' | ( 'random' | 'q2c' ) ':' ratio [ ':sinks=' n ] )
//            | 'quant=' ( 'fp16' | ( 'int8' | 'int4' | 'int2' ) [ ':' group ] )
//            | 'entropy=' ( 'none' | 'zstd' [ ':' level ] )
//
// Stages stand in this order, each at most once; a missing stage is full, fp16, none.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "codec/quant/spec.h"
#include "protocol/base/result.h"

namespace kvferry {

enum class SelectPolicy : std::uint8_t { kFull, kRandom, kQ2c };

// Which rows of the cache travel.
struct SelectStage {
  SelectPolicy policy = SelectPolicy::kFull;
  double ratio = 1.0;       // share of the rows kept, in (0, 1]
  std::uint32_t sinks = 0;  // this many first rows are kept whatever their score
  friend bool operator==(const SelectStage&, const SelectStage&) = default;
};

// The numbers are those of the chunk header (FORMAT.md).
enum class Quantizer : std::uint8_t { kFp16 = 0, kInt8 = 1, kInt4 = 2, kInt2 = 3 };

struct QuantStage {
  Quantizer quantizer = Quantizer::kFp16;
  std::uint32_t group = kDefaultGroup;  // values that share a scale; power of two; unused by fp16
  friend bool operator==(const QuantStage&, const QuantStage&) = default;
};

// The numbers are those of the chunk header (FORMAT.md).
enum class EntropyCoder : std::uint8_t { kNone = 0, kZstd = 1 };

inline constexpr int kMaxZstdLevel = 19;
inline constexpr int kDefaultZstdLevel = 3;

struct EntropyStage {
  EntropyCoder coder = EntropyCoder::kNone;
  int level = kDefaultZstdLevel;  // 1 .. 19; unused by none
  friend bool operator==(const EntropyStage&, const EntropyStage&) = default;
};

struct Preset {
  SelectStage select;
  QuantStage quant;
  EntropyStage entropy;

  // Whether the result depends on the question, so that the card serves only that one.
  [[nodiscard]] bool is_query_aware() const { return select.policy == SelectPolicy::kQ2c; }
  friend bool operator==(const Preset&, const Preset&) = default;
};

struct NamedPreset {
  std::string_view name;
  std::string_view pipeline;
  std::string_view source;  // where the method comes from
};

// The table of names that parse_preset accepts.
[[nodiscard]] std::span<const NamedPreset> named_presets();

// Takes a name or a pipeline. The error is one line that quotes the word, gives its
// column (from 1) and what was expected there.
[[nodiscard]] Result<Preset> parse_preset(std::string_view text);

// The canonical pipeline: all three stages, defaults of options left out.
[[nodiscard]] std::string to_string(const Preset& preset);

[[nodiscard]] std::string_view to_string(SelectPolicy policy);
[[nodiscard]] std::string_view to_string(Quantizer quantizer);
[[nodiscard]] std::string_view to_string(EntropyCoder coder);

// Bits of one code: 16, 8, 4, 2.
[[nodiscard]] constexpr unsigned bits_of(Quantizer quantizer) {
  return 16U >> static_cast<unsigned>(quantizer);
}

}  // namespace kvferry
