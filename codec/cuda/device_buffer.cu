// SPDX-License-Identifier: MIT
#include "codec/cuda/block_cuda.h"
#include "codec/cuda/launch.cuh"

namespace kvferry::cuda {

Result<void> available() {
  int devices = 0;
  const cudaError_t status = cudaGetDeviceCount(&devices);
  if (status != cudaSuccess) return checked(status, "no GPU answers");
  if (devices == 0) return Error{"CUDA: no GPU, expected one"};
  return {};
}

Result<DeviceBuffer> DeviceBuffer::create(std::size_t size_bytes) {
  void* data = nullptr;
  if (auto made = checked(cudaMalloc(&data, size_bytes > 0 ? size_bytes : 1), "allocate"); !made) {
    return made.error();
  }
  return DeviceBuffer(static_cast<std::uint8_t*>(data));
}

// What fails when memory is given back has failed before, and was said then.
DeviceBuffer::~DeviceBuffer() { static_cast<void>(cudaFree(data_)); }

Result<void> DeviceBuffer::upload(const void* from, std::size_t size_bytes) {
  return checked(cudaMemcpy(data_, from, size_bytes, cudaMemcpyHostToDevice), "copy to the GPU");
}

Result<void> DeviceBuffer::download(void* to, std::size_t size_bytes) const {
  return checked(cudaMemcpy(to, data_, size_bytes, cudaMemcpyDeviceToHost), "copy from the GPU");
}

}  // namespace kvferry::cuda
