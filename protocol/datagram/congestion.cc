// SPDX-License-Identifier: MIT
#include "protocol/datagram/congestion.h"

#include "protocol/datagram/cubic.h"
#include "protocol/datagram/model_based.h"

namespace kvferry {

std::unique_ptr<CongestionController> make_congestion_controller(const CongestionOptions& options,
                                                                 std::size_t packet_bytes,
                                                                 std::uint64_t seed) {
  if (options.controller == Congestion::kCubic) return std::make_unique<Cubic>(options, packet_bytes);
  return std::make_unique<ModelBased>(options, packet_bytes, seed);
}

}  // namespace kvferry
