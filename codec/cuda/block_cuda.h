// SPDX-License-Identifier: MIT
//
// The same blocks made and read on a GPU, byte for byte those of the CPU. All pointers are
// device memory; calls return when the work is done. Components are not blocks of this kind.
#pragma once

#include <cstddef>
#include <cstdint>

#include "codec/kv_view.h"
#include "codec/quant/spec.h"
#include "protocol/base/result.h"

namespace kvferry::cuda {

// As encode_block() and decode_block(). Without CUDA in the build: an error that says so.
[[nodiscard]] Result<void> encode_block(const QuantSpec& spec, const KvView& view, std::size_t first_row,
                                        std::uint8_t* out);
[[nodiscard]] Result<void> decode_block(const QuantSpec& spec, const BlockShape& shape,
                                        const std::uint8_t* in, std::uint16_t* out);

// Whether the build has CUDA and a GPU answers; the error says which is missing.
[[nodiscard]] Result<void> available();

}  // namespace kvferry::cuda
