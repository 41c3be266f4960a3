// SPDX-License-Identifier: MIT
//
// Weights to start training from.
#pragma once

#include <cstdint>

#include "model/decoder.h"

namespace kvferry {

// Random weights: embeddings with deviation 0.1, projections 1/sqrt(fan-in), output and down projections a
// tenth of that, so that every block begins close to the identity.
//
// The first layer begins positional: through its q and k biases, query head h attends to the token h + 1
// places back. Without that start, small decoders do not find associative recall in reasonable time.
[[nodiscard]] DecoderWeights initialize_weights(const ModelConfig& config, uint64_t seed);

}  // namespace kvferry
