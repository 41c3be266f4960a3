// SPDX-License-Identifier: MIT
//
// How low the rank of K and V is.
#pragma once

#include <vector>

#include "scenarios/lab/tables/question_set.h"

namespace kvferry {

// At [r]: the share of the squared singular values that the r largest hold, 0 <= r <= channels. Mean over
// the first four documents, layers, K and V, each taken as one matrix [tokens][channels], K after RoPE.
[[nodiscard]] std::vector<double> spectrum_energy(const std::vector<AskedDocument>& documents);

}  // namespace kvferry
