// SPDX-License-Identifier: MIT
//
// How large the numbers of a model's caches are: what calibration between models goes by (Q-KVComm).
#pragma once

#include <vector>

#include "codec/kv_cache.h"

namespace kvferry {

// Mean and deviation of every channel, over all rows seen. K is taken before RoPE.
struct Moments {
  std::vector<float> mean;       // [channels]
  std::vector<float> deviation;  // [channels]
  friend bool operator==(const Moments&, const Moments&) = default;
};

struct ModelMoments {
  struct Layer {
    Moments key, value;
  };
  KvGeometry geometry;
  double rope_theta = 0;
  std::vector<Layer> layers;
};

}  // namespace kvferry
