// SPDX-License-Identifier: MIT
//
// One block between FP16 rows and what an entropy coder sees: parameters and symbols. Keeps
// working memory from one block to the next.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "codec/chunk/block_coding.h"
#include "codec/chunk/codec_context.h"
#include "codec/kv_view.h"
#include "codec/transform/rope.h"

namespace kvferry {

// Which block: the tensor, and the positions of its rows.
struct BlockPlace {
  std::size_t layer = 0;
  KvTensor tensor = KvTensor::kKey;
  std::span<const std::int32_t> positions;  // one a row
};

class BlockCodec {
 public:
  explicit BlockCodec(const CodecContext& context) : context_(context) {}

  // That the coding can be done here: its basis is there, its rank fits, bits agree with the basis.
  [[nodiscard]] Result<void> check(const BlockCoding& coding, const BlockPlace& place) const;

  // Bytes of parameters, and symbols a row, of a block that passed check().
  [[nodiscard]] std::size_t parameter_size(const BlockCoding& coding, const BlockPlace& place) const;
  [[nodiscard]] std::size_t symbol_columns(const BlockCoding& coding, const BlockPlace& place) const;
  // Bytes of all symbols, packed.
  [[nodiscard]] std::size_t packed_size(const BlockCoding& coding, const BlockPlace& place) const;

  // values: FP32 [rows][channels], used up. Appends parameters; symbols() are then the block's.
  void encode(const BlockCoding& coding, const BlockPlace& place, std::vector<float>& values,
              Bytes& parameters);
  [[nodiscard]] std::span<std::uint8_t> symbols() { return symbols_; }
  // Appends packed_size() bytes.
  void pack(const BlockCoding& coding, const BlockPlace& place, Bytes& out) const;

  // Room for symbols(), to be filled by an entropy decoder or by unpack().
  void make_room(const BlockCoding& coding, const BlockPlace& place);
  [[nodiscard]] Result<void> unpack(const BlockCoding& coding, const BlockPlace& place, ByteView packed);
  // From parameters and symbols() to FP32 [rows][channels].
  [[nodiscard]] Result<void> decode(const BlockCoding& coding, const BlockPlace& place, ByteView parameters,
                                    std::vector<float>& values);

 private:
  [[nodiscard]] BlockShape shape(const BlockCoding& coding, const BlockPlace& place) const;
  void transform(const BlockCoding& coding, const BlockPlace& place, std::vector<float>& values,
                 Bytes& parameters);
  [[nodiscard]] Result<std::size_t> read_anchors(const BlockPlace& place, ByteView parameters);
  void invert(const BlockCoding& coding, const BlockPlace& place, std::vector<float>& values);
  [[nodiscard]] const RopeTable& rope_at(std::span<const std::int32_t> positions);

  const CodecContext& context_;
  std::vector<std::uint8_t> symbols_;
  std::vector<float> coefficients_;
  std::vector<float> anchors_;
  std::vector<std::int32_t> rope_positions_;  // of rope_: the blocks of a chunk share them
  std::optional<RopeTable> rope_;
};

}  // namespace kvferry
