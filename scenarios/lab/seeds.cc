// SPDX-License-Identifier: MIT
#include "scenarios/lab/seeds.h"

#include "protocol/base/rng.h"

namespace kvferry {

uint64_t derived_seed(uint64_t seed, const std::string& part) {
  uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a
  for (const char c : part) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3u;
  return Rng(seed ^ hash).next();
}

}  // namespace kvferry
