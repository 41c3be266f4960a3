// SPDX-License-Identifier: MIT
//
// Reads the payload of a chunk into a cache. The layout is FORMAT.md.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "codec/chunk/block_codec.h"
#include "codec/chunk/chunk_header.h"
#include "codec/entropy/rans.h"
#include "codec/kv_cache.h"
#include "codec/quant/block.h"
#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "protocol/card/chunk_info.h"

namespace kvferry {

class ChunkPayloadDecoder {
 public:
  explicit ChunkPayloadDecoder(const CodecContext& context)
      : context_(context), codec_(context), rans_(2 * std::size_t{context.geometry.layers}) {}

  // Writes the block that info names into the cache, which must have its layers and rows.
  // The error names the field; what has been written of the block is then undefined.
  // Memory stays within a few times the block's FP16 size and 17 MiB of symbol tables, whatever the payload
  // says.
  [[nodiscard]] Result<void> decode(const ChunkInfo& info, ByteView payload, KvCache& cache);

 private:
  struct Part;
  [[nodiscard]] Result<void> decode_packed(const Part& part, ByteView& body, KvCache& cache);
  [[nodiscard]] Result<void> decode_rans(const Part& part, EntropyCoder coder, ByteView& parameters,
                                         ByteReader& streams, KvCache& cache);
  [[nodiscard]] Result<void> read_symbols(const Part& part, EntropyCoder coder, ByteReader& streams);
  [[nodiscard]] Result<std::vector<Part>> parts_of(const ChunkInfo& info, const ChunkHeader& header,
                                                   const KvCache& cache) const;
  void drop_rans_tables();
  void store(const Part& part, KvCache& cache) const;

  const CodecContext& context_;
  BlockCodec codec_;
  BlockScratch scratch_;
  std::vector<std::optional<RansDecoder>> rans_;  // [layer * 2 + tensor], made when first needed
  std::size_t rans_bytes_ = 0;
  std::vector<float> values_;
  Bytes body_;
};

}  // namespace kvferry
