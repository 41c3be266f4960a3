// SPDX-License-Identifier: MIT
//
// AdamW (Loshchilov & Hutter 2019) over one flat buffer: all weights become views of it, so a step is a
// handful of operations however many tensors there are.
#pragma once

#include <ATen/ATen.h>

#include "model/decoder.h"

namespace kvferry {

class AdamW {
 public:
  // Moves every weight into the flat buffer and makes it a differentiable leaf.
  AdamW(const ModelConfig& config, DecoderWeights& weights);

  // Clips the gradient to norm 1, takes a step and clears the gradient. Returns the norm before clipping.
  double step(double learning_rate);

 private:
  at::Tensor values_, gradient_, mean_, square_, decayed_;
  int64_t steps_ = 0;
};

}  // namespace kvferry
