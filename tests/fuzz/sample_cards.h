// SPDX-License-Identifier: MIT
//
// Cards of a small cache, one for each way of coding a chunk, and the calibration they need.
#pragma once

#include <memory>
#include <vector>

#include "codec/calibration/calibration.h"
#include "codec/kv_cache.h"
#include "protocol/card/card.h"

namespace kvferry::fuzz {

[[nodiscard]] const std::shared_ptr<const LoadedCalibration>& sample_calibration();
[[nodiscard]] const std::vector<Card>& sample_cards();

[[nodiscard]] bool is_finite(const KvCache& cache);

}  // namespace kvferry::fuzz
