// SPDX-License-Identifier: MIT
//
// Owned memory of the GPU. Without CUDA in the build, create() says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#include "protocol/base/result.h"

namespace kvferry::cuda {

class DeviceBuffer {
 public:
  [[nodiscard]] static Result<DeviceBuffer> create(std::size_t size_bytes);
  DeviceBuffer(DeviceBuffer&& other) noexcept : data_(std::exchange(other.data_, nullptr)) {}
  DeviceBuffer& operator=(DeviceBuffer&& other) noexcept {
    std::swap(data_, other.data_);
    return *this;
  }
  DeviceBuffer(const DeviceBuffer&) = delete;
  DeviceBuffer& operator=(const DeviceBuffer&) = delete;
  ~DeviceBuffer();

  [[nodiscard]] std::uint8_t* data() { return data_; }
  [[nodiscard]] const std::uint8_t* data() const { return data_; }

  // From its first byte on; download waits for the kernels before it.
  [[nodiscard]] Result<void> upload(const void* from, std::size_t size_bytes);
  [[nodiscard]] Result<void> download(void* to, std::size_t size_bytes) const;

 private:
  explicit DeviceBuffer(std::uint8_t* data) : data_(data) {}
  std::uint8_t* data_;
};

}  // namespace kvferry::cuda
