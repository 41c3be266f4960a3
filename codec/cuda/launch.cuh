// SPDX-License-Identifier: MIT
//
// Launching kernels on the default stream, and hearing what they found.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <string>

#include "codec/cuda/device_block.cuh"
#include "codec/cuda/device_buffer.h"
#include "protocol/base/result.h"

namespace kvferry::cuda {

inline constexpr unsigned kThreads = 256;

[[nodiscard]] inline Result<void> checked(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return {};
  return Error{std::string("CUDA: ") + what + ": " + cudaGetErrorString(status)};
}

[[nodiscard]] inline unsigned blocks_for(std::size_t threads) {
  return static_cast<unsigned>(divide_up(threads, kThreads));
}

// Faults on the device: none at first; report() waits for all kernels.
class FaultReport {
 public:
  [[nodiscard]] static Result<FaultReport> create() {
    auto buffer = DeviceBuffer::create(sizeof(Faults));
    if (!buffer) return buffer.error();
    const Faults none;
    if (auto sent = buffer->upload(&none, sizeof none); !sent) return sent.error();
    return FaultReport(std::move(*buffer));
  }

  [[nodiscard]] Faults* device() { return reinterpret_cast<Faults*>(buffer_.data()); }

  [[nodiscard]] Result<Faults> report() {
    if (auto launched = checked(cudaGetLastError(), "launch"); !launched) return launched.error();
    Faults found;
    if (auto got = buffer_.download(&found, sizeof found); !got) return got.error();
    return found;
  }

 private:
  explicit FaultReport(DeviceBuffer buffer) : buffer_(std::move(buffer)) {}
  DeviceBuffer buffer_;
};

// Index of this thread among all.
[[nodiscard]] __device__ inline std::size_t thread_index() {
  return static_cast<std::size_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}

}  // namespace kvferry::cuda
