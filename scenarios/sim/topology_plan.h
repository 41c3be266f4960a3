// SPDX-License-Identifier: GPL-2.0-only
//
// The table [network] of a plan: which of the module's networks, and how it is set. Every mistake is noted in
// the table, with the line of the key that is to blame.
#pragma once

#include <memory>
#include <string>

#include "scenarios/sim/plan_files.h"
#include "scenarios/toml_file.h"
#include "sim/helper/kv-topology-helper.h"

namespace kvferry::sim {

struct TopologyPlan {
  std::string kind;
  std::shared_ptr<const KvTopologyHelper> helper;  // what it builds is known to be possible
  std::uint32_t readers = 1;
  bool relay = true;  // agents between source and reader hand cards on; else their nodes only forward packets
  // Of the part that the plan describes, for sizes of buffers and timeouts; of a chain, of all hops.
  double rtt_s = 0;
  double in_flight_bytes = 0;  // what link and queue hold
  // Towards the readers, of the narrowest part; 0: a radio's, which is not known before it is built.
  double capacity_mbps = 0;
};

[[nodiscard]] TopologyPlan read_topology(TomlTable table, PlanFiles& files);

}  // namespace kvferry::sim
