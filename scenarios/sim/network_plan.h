// SPDX-License-Identifier: GPL-2.0-only
//
// A plan with a table [network]: agents in a network of the module's, and what is varied. Each point of its
// sweep, each preset, transport and seed is a run; the format is in README.md.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "scenarios/shapes/model_shape.h"
#include "scenarios/sim/plan.h"
#include "scenarios/sim/topology_plan.h"

namespace kvferry::sim {

struct AgentsPlan {
  std::vector<SimTransport> transports;
  std::string congestion = "model";  // of UDP and QUIC; or "cubic"
  std::string tcp_congestion = "TcpCubic";
  std::uint32_t max_datagram_bytes = 1452;
  std::optional<Profile> profile;  // none: computing takes no time
  std::uint32_t answer_tokens = 1;
  std::optional<double> deadline_s;  // from a reader's start until its card is applied
  double start_spread_s = 0;         // readers start at random within so much time
};

// What the sources have. A file's bytes travel; of a shape only sizes do.
struct CardPlan {
  std::shared_ptr<ChunkSource> file;
  std::optional<ModelShape> shape;
  std::uint32_t tokens = 4096;
  std::vector<std::string> presets;  // of a file the one that its manifest names
};

struct BackgroundPlan {
  std::uint32_t tcp_flows = 0;
  std::optional<double> udp_share;  // of the narrowest part's capacity
  std::optional<double> udp_mbps;
  double start_s = 0;            // since the network is ready
  std::optional<double> stop_s;  // none: never
  [[nodiscard]] bool any() const { return tcp_flows > 0 || udp_share || udp_mbps; }
};

struct OutputPlan {
  bool pcap = false;
  bool flow_monitor = false;
  bool animation = false;
};

struct NetworkPoint {
  std::vector<std::pair<std::string, std::string>> values;  // of the sweep: key and JSON
  TopologyPlan topology;
  AgentsPlan agents;
  CardPlan card;
  BackgroundPlan background;
  OutputPlan output;
  std::vector<std::uint64_t> seeds;
};

struct NetworkRun {
  std::size_t point;  // index into the plan's
  std::string preset;
  SimTransport transport;
  std::uint64_t seed;
};

struct NetworkPlan {
  std::string name;
  std::vector<NetworkPoint> points;  // the last key of the sweep varies fastest
  std::vector<NetworkRun> runs;      // by point, preset, transport, seed
};

// Whether a file has a table [network]. Errors: it cannot be read.
[[nodiscard]] Result<bool> is_network_plan(const std::filesystem::path& file);

// Every key and value of every point is checked, cards and traces are read and verified. Errors: "PLAN:LINE:
// key 'x': what was expected".
[[nodiscard]] Result<NetworkPlan> read_network_plan(const std::filesystem::path& file);

}  // namespace kvferry::sim
