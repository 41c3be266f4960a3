// SPDX-License-Identifier: MIT
#include "codec/cuda/block_cuda.h"

namespace kvferry::cuda {

Result<void> available() { return Error{"this build has no CUDA"}; }

Result<void> encode_block(const QuantSpec&, const KvView&, std::size_t, std::uint8_t*) { return available(); }

Result<void> decode_block(const QuantSpec&, const BlockShape&, const std::uint8_t*, std::uint16_t*) {
  return available();
}

}  // namespace kvferry::cuda
