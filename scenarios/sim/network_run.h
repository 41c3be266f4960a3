// SPDX-License-Identifier: GPL-2.0-only
//
// One run of a plan with a network: agents in it, a card for each reader, from when the network is ready
// until every reader has its answer or has failed, all connections have closed, and a second has passed for
// the transports' farewells. Two runs of the same point, preset, transport and seed give the same result.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/sim/network_plan.h"
#include "sim/model/kv-wire-meter.h"

namespace kvferry::sim {

// Times are simulated seconds since the reader began to connect.
struct ReaderResult {
  bool ok = false;                      // verified and applied
  std::string reason;                   // why not
  double start_s = 0;                   // since the network was ready
  std::optional<double> connect_s;      // the source's hello is here and the request is made
  std::optional<double> manifest_s;     // the card has begun to come
  std::optional<double> first_chunk_s;  // the first verified chunk
  std::optional<double> complete_s;     // the last one
  std::optional<double> applied_s;      // decoded and with the model
  std::optional<double> first_token_s;
  std::optional<double> last_token_s;  // the answer is complete
};

// By FlowMonitor, between the first and the last node of each flow.
struct FlowTotals {
  std::uint64_t flows = 0;
  std::uint64_t sent_bytes = 0, received_bytes = 0;
  std::uint64_t sent_packets = 0, received_packets = 0, lost_packets = 0;
  double delay_sum_s = 0;  // of the packets received
};

struct NetworkResult {
  std::vector<ReaderResult> readers;
  WireBytes wire;  // the agents', cross traffic is not in it
  WirePackets packets;
  std::optional<FlowTotals> agent_flows, cross_flows;
};

// Where a run leaves files if its plan asks for them; the folders are there.
struct RunFiles {
  std::filesystem::path pcap_prefix;
  std::filesystem::path animation;
};

// Once in a process: parts of ns-3 keep what they are told. Errors: the network cannot be built, a file
// cannot be made.
[[nodiscard]] Result<NetworkResult> run_network(const NetworkPoint& point, const NetworkRun& run,
                                                const RunFiles& files);

}  // namespace kvferry::sim
