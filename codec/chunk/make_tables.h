// SPDX-License-Identifier: MIT
//
// What a card must bring along for its chunks to be decoded.
#pragma once

#include "codec/chunk/codec_context.h"
#include "codec/chunk/coding_plan.h"
#include "codec/kv_cache.h"

namespace kvferry {

// Fills context.tables as its preset asks: bases of svd, bits of pca's components, rANS models.
// The error names layer, tensor and row of a value that is not finite.
[[nodiscard]] Result<void> make_tables(const KvCache& kept, const CodingPlan& plan, CodecContext& context);

}  // namespace kvferry
