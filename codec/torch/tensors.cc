// SPDX-License-Identifier: MIT
#include "codec/torch/tensors.h"

#include <cassert>

namespace kvferry {
namespace {

at::ScalarType scalar_type(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return at::kFloat;
    case DType::kF16:
      return at::kHalf;
    case DType::kBF16:
      return at::kBFloat16;
  }
  return at::kFloat;
}

}  // namespace

Result<KvView> view_of(const at::Tensor& tensor) {
  if (tensor.dim() != 3) return Error{"KV tensor: expected [heads, rows, head_dim]"};
  if (tensor.stride(2) != 1 && tensor.size(2) > 1)
    return Error{"KV tensor: expected a contiguous last dimension"};
  KvView view;
  switch (tensor.scalar_type()) {
    case at::kFloat:
      view.dtype = DType::kF32;
      break;
    case at::kHalf:
      view.dtype = DType::kF16;
      break;
    case at::kBFloat16:
      view.dtype = DType::kBF16;
      break;
    default:
      return Error{"KV tensor: expected FP32, FP16 or BF16"};
  }
  view.data = tensor.data_ptr();
  view.device = tensor.is_cuda() ? Device::kCuda : Device::kCpu;
  view.heads = static_cast<size_t>(tensor.size(0));
  view.rows = static_cast<size_t>(tensor.size(1));
  view.head_dim = static_cast<size_t>(tensor.size(2));
  view.head_stride = static_cast<size_t>(tensor.stride(0));
  view.row_stride = static_cast<size_t>(tensor.stride(1));
  return view;
}

at::Tensor to_tensor(const KvView& view) {
  const auto size = [](size_t n) { return static_cast<int64_t>(n); };
  const auto device = view.device == Device::kCuda ? at::kCUDA : at::kCPU;
  const auto borrowed =
      at::from_blob(const_cast<void*>(view.data), {size(view.heads), size(view.rows), size(view.head_dim)},
                    {size(view.head_stride), size(view.row_stride), 1},
                    at::TensorOptions().dtype(scalar_type(view.dtype)).device(device));
  return borrowed.to(borrowed.options().dtype(at::kFloat), /*non_blocking=*/false, /*copy=*/true);
}

void copy_to_half(const at::Tensor& tensor, std::span<uint16_t> out) {
  assert(static_cast<size_t>(tensor.numel()) == out.size());
  const auto rows_first = tensor.transpose(0, 1);
  auto target = at::from_blob(out.data(), rows_first.sizes(), at::TensorOptions().dtype(at::kHalf));
  target.copy_(rows_first);
}

}  // namespace kvferry
