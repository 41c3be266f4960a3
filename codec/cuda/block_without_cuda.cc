// SPDX-License-Identifier: MIT
#include "codec/cuda/block_cuda.h"

#include <cassert>

#include "codec/cuda/device_buffer.h"

namespace kvferry::cuda {

Result<void> available() { return Error{"this build has no CUDA"}; }

Result<void> encode_block(const QuantSpec&, const KvView&, std::size_t, std::uint8_t*) { return available(); }

Result<void> decode_block(const QuantSpec&, const BlockShape&, const std::uint8_t*, std::uint16_t*) {
  return available();
}

Result<DeviceBuffer> DeviceBuffer::create(std::size_t) { return available().error(); }
DeviceBuffer::~DeviceBuffer() { assert(data_ == nullptr); }
Result<void> DeviceBuffer::upload(const void*, std::size_t) { return available(); }
Result<void> DeviceBuffer::download(void*, std::size_t) const { return available(); }

}  // namespace kvferry::cuda
