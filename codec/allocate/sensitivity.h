// SPDX-License-Identifier: MIT
//
// Q-KVComm's sensitivity profile: how much a layer suffers at the fewest bits.
#pragma once

#include <vector>

#include "codec/kv_cache.h"
#include "protocol/base/result.h"

namespace kvferry {

// The L2 norm of K's and V's error at 4 bits, asymmetric, a scale for each 64 rows of a tensor; one a layer,
// 0 where a layer has no rows. The error names layer, tensor and row of a value that is not finite.
[[nodiscard]] Result<std::vector<float>> layer_sensitivity(const KvCache& cache);

}  // namespace kvferry
