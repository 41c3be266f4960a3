// SPDX-License-Identifier: GPL-2.0-only
//
// One transfer as a simulation of its own: a source and a reader on the plan's
// link, from the start of connecting until both connections have closed and a
// second has passed for the transports' farewells. Two runs with the same plan,
// transfer and card give the same result.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/card/card.h"
#include "scenarios/sim/plan.h"
#include "sim/model/kv-wire-meter.h"

namespace kvferry::sim {

struct ChunkArrival {
  std::uint32_t index = 0;
  std::uint64_t size_bytes = 0;
  double time_s = 0;
};

// Times are simulated seconds since the reader began to connect.
struct TransferResult {
  bool ok = false;     // verified, applied and confirmed
  std::string reason;  // why not
  Digest card;
  std::optional<double> connect_s;      // the source's hello is here and the request is made
  std::optional<double> first_chunk_s;  // the first verified chunk
  std::optional<double> complete_s;     // the last one
  std::optional<double> confirmed_s;    // the source knows that the card was applied
  WireBytes wire;
  std::uint64_t device_bytes = 0;
  WirePackets packets;
  std::optional<double> rtt_s;         // the source's last estimate
  std::optional<double> goodput_mbps;  // payload, from connect_s to complete_s
  std::vector<ChunkArrival> chunks;    // in order of arrival
  std::optional<Card> arrived;         // if ok
};

// No simulation may be under way.
[[nodiscard]] TransferResult run_transfer(const SimPlan& plan, const TransferPlan& transfer,
                                          std::shared_ptr<ChunkSource> card);

}  // namespace kvferry::sim
