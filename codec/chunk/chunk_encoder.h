// SPDX-License-Identifier: MIT
//
// Makes the payload of a chunk: header and body. The layout is FORMAT.md.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "codec/chunk/block_codec.h"
#include "codec/chunk/chunk_header.h"
#include "codec/chunk/chunk_plan.h"
#include "codec/chunk/coding_plan.h"
#include "codec/entropy/entropy.h"
#include "codec/entropy/rans.h"
#include "codec/kv_cache.h"
#include "codec/quant/block.h"
#include "protocol/base/bytes.h"
#include "protocol/base/result.h"

namespace kvferry {

// Counts of the symbols of each layer's K and V by column, [layer * 2 + tensor]. Only blocks that
// are coded as the plan's main class are counted.
using SymbolStatistics = std::vector<std::optional<SymbolCounts>>;

class ChunkEncoder {
 public:
  // Both outlive the encoder.
  ChunkEncoder(const CodecContext& context, const CodingPlan& plan)
      : context_(context),
        plan_(plan),
        codec_(context),
        entropy_(context.preset.entropy),
        rans_(2 * plan.layers) {}

  // The error names layer, tensor and row. Blocks too small to pay for their parameters travel as FP16.
  [[nodiscard]] Result<Bytes> encode(const KvCache& cache, const ChunkBlock& block);

  // Adds the chunk's symbols to the statistics, and encodes nothing.
  [[nodiscard]] Result<void> count(const KvCache& cache, const ChunkBlock& block,
                                   SymbolStatistics& statistics);

  // Of the last payload, before entropy coding and without the header.
  [[nodiscard]] std::size_t body_bytes() const { return body_bytes_; }

 private:
  struct Part;  // one block of the chunk
  [[nodiscard]] ChunkHeader make_header(const KvCache& cache, const ChunkBlock& block);
  template <typename Visit>
  [[nodiscard]] Result<void> for_each_part(const KvCache& cache, const ChunkBlock& block,
                                           const ChunkHeader& header, const Visit& visit);
  [[nodiscard]] Result<void> load(const Part& part);
  [[nodiscard]] Result<void> encode_packed(const Part& part);
  [[nodiscard]] Result<void> encode_rans(const Part& part);
  void append_stream(const Part& part, std::size_t columns, Bytes& out);
  void append_packed_body(Bytes& payload, ChunkHeader& header);
  void append_rans_body(Bytes& payload);

  const CodecContext& context_;
  const CodingPlan& plan_;
  BlockCodec codec_;
  EntropyEncoder entropy_;
  EntropyEncoder parameters_entropy_{{EntropyCoder::kZstd, kDefaultZstdLevel}};  // of what rANS leaves
  BlockScratch scratch_;
  std::vector<std::optional<RansEncoder>> rans_;  // [layer * 2 + tensor], made when first needed
  std::vector<float> values_;
  Bytes body_;     // parameters, and packed symbols unless rANS codes them
  Bytes streams_;  // rANS: length and bytes of each block's symbols
  std::size_t body_bytes_ = 0;
};

}  // namespace kvferry
