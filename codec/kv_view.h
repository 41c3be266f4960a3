// SPDX-License-Identifier: MIT
//
// A borrowed look at one K or V tensor, wherever it lives: the type at which models,
// engines and kernels meet. It owns nothing and ends with the call it is passed to.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kvferry {

enum class DType : std::uint8_t { kF32, kF16, kBF16 };
enum class Device : std::uint8_t { kCpu, kCuda };

[[nodiscard]] constexpr std::size_t element_size_bytes(DType dtype) { return dtype == DType::kF32 ? 4 : 2; }

// Shape [rows][heads][head_dim]; a row is one token. The last dimension is contiguous,
// the strides of the other two are counted in elements and may hold gaps.
struct KvView {
  const void* data = nullptr;
  DType dtype = DType::kF16;
  Device device = Device::kCpu;
  std::size_t rows = 0;
  std::size_t heads = 0;
  std::size_t head_dim = 0;
  std::size_t row_stride = 0;
  std::size_t head_stride = 0;

  // Values of one row: all heads side by side.
  [[nodiscard]] std::size_t channels() const { return heads * head_dim; }
  [[nodiscard]] std::size_t elements() const { return rows * channels(); }
  [[nodiscard]] bool is_contiguous() const { return head_stride == head_dim && row_stride == channels(); }

  // Address of element (row, head, 0).
  [[nodiscard]] const void* at(std::size_t row, std::size_t head) const {
    const std::size_t offset = row * row_stride + head * head_stride;
    return static_cast<const std::byte*>(data) + offset * element_size_bytes(dtype);
  }

  // Rows [begin, begin + count) of the same tensor.
  [[nodiscard]] KvView rows_at(std::size_t begin, std::size_t count) const {
    KvView part = *this;
    part.data = at(begin, 0);
    part.rows = count;
    return part;
  }
};

}  // namespace kvferry
