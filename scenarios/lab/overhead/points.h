// SPDX-License-Identifier: MIT
//
// Where `kvferry-lab overhead` measures: one thing at a time is varied around a card of 1 MiB in chunks of 64
// KiB, 20 Mbit/s, 40 ms and no loss. Queues are longer than any transfer fills: what is lost, the link loses.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/base/result.h"
#include "protocol/card/card.h"

namespace kvferry {

struct OverheadPoint {
  uint64_t payload_bytes = 1 << 20;
  uint32_t chunk_bytes = 64 << 10;  // but the last
  double rtt_ms = 40;
  double loss = 0;  // of each packet, in each direction
  int mtu_bytes = 1500;
  double rate_mbps = 20;

  [[nodiscard]] std::string card_name() const;
  // Which transports can be measured there: TCP's segments are fixed in simulation, and QUIC wants 1,200
  // bytes.
  [[nodiscard]] std::vector<std::string> transports() const;
};

[[nodiscard]] std::vector<OverheadPoint> overhead_points();

// Random bytes in the shape of llama-3.1-8b, whose sizes alone matter.
[[nodiscard]] Card overhead_card(const OverheadPoint& point);

}  // namespace kvferry
