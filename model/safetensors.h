// SPDX-License-Identifier: MIT
//
// The safetensors container: an 8-byte little-endian header length, a JSON header
// {name: {dtype, shape, data_offsets}}, then the tensors' bytes. F32, F16, BF16 and I32.
#pragma once

#include <ATen/ATen.h>

#include <filesystem>
#include <map>
#include <string>

#include "protocol/base/result.h"

namespace kvferry {

using TensorMap = std::map<std::string, at::Tensor>;

// Every length and offset is checked against the file's size before anything is allocated.
[[nodiscard]] Result<TensorMap> read_safetensors(const std::filesystem::path& file);

// The container's bytes, tensors in name order.
[[nodiscard]] std::string write_safetensors(const TensorMap& tensors);

}  // namespace kvferry
