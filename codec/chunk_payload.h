// SPDX-License-Identifier: MIT
//
// A chunk's payload: two bytes of header and a body, which may be entropy-coded. The
// layout is FORMAT.md. A payload decodes on its own, with the manifest.
#pragma once

#include <cstdint>
#include <vector>

#include "codec/chunk_plan.h"
#include "codec/entropy/entropy.h"
#include "codec/kv_cache.h"
#include "codec/preset.h"
#include "codec/quant/tensor.h"
#include "protocol/base/bytes.h"
#include "protocol/base/result.h"
#include "protocol/card/chunk_info.h"

namespace kvferry {

inline constexpr std::size_t kChunkHeaderBytes = 2;

class ChunkEncoder {
 public:
  explicit ChunkEncoder(const Preset& preset) : quant_(preset.quant), entropy_(preset.entropy) {}

  // The payload of one block of the cache. Rows too few to pay for their scales travel
  // as FP16. The error names layer, tensor and row.
  [[nodiscard]] Result<Bytes> encode(const KvCache& cache, const ChunkBlock& block);

  // Of the last payload, before entropy coding and without the header.
  [[nodiscard]] std::size_t body_bytes() const { return body_.size(); }

 private:
  QuantStage quant_;
  EntropyEncoder entropy_;
  TensorScratch scratch_;
  std::vector<std::uint8_t> body_;
};

class ChunkPayloadDecoder {
 public:
  explicit ChunkPayloadDecoder(const QuantStage& quant) : quant_(quant) {}

  // Writes the block that info names into the cache, which must have its layers and rows.
  // The error names the field; what has been written of the block is then undefined.
  // Memory stays within a few times the block's FP16 size, whatever the payload says.
  [[nodiscard]] Result<void> decode(const ChunkInfo& info, ByteView payload, KvCache& cache);

 private:
  [[nodiscard]] Result<QuantStage> read_quant(ByteView payload) const;

  QuantStage quant_;
  TensorScratch scratch_;
  std::vector<std::uint8_t> body_;
};

}  // namespace kvferry
