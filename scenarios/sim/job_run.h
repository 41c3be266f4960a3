// SPDX-License-Identifier: GPL-2.0-only
//
// A job as a simulation of its own: a reader that asks for every segment, a source that chooses their
// encodings by a policy, until all has come or the deadline has passed. The reader decodes chunk after chunk:
// each takes its share of the card's decode time, and counts if it is done before the deadline.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "protocol/rate/adaptive_source.h"
#include "scenarios/sim/plan.h"
#include "scenarios/sim/transfer_run.h"

namespace kvferry::sim {

struct SegmentResult {
  std::string document;
  std::string preset;                   // the source's choice; empty: it sent none, or did not come to decide
  std::optional<double> chosen_s;       // as all times here: since the request
  std::optional<double> estimate_mbps;  // of the path, when it was chosen
  std::uint64_t bytes = 0;              // of the card chosen
  std::size_t chunk_count = 0;
  std::vector<ChunkArrival> chunks;  // in order of arrival; those that were decoded before the deadline
};

// What the source's controller predicts, from time to time.
struct RateEstimate {
  double time_s = 0;
  double mbps = 0;
};

struct JobResult {
  std::optional<double> connect_s;  // since the start: the source's hello is here, the request is made
  std::optional<double>
      complete_s;      // since the request: all that comes is here; none: the deadline was first
  std::string reason;  // why nothing came, if so
  std::vector<SegmentResult> segments;
  std::vector<RateEstimate> estimates;  // if asked for
  WireBytes wire;
  std::uint64_t device_bytes = 0;
  WirePackets packets;
};

// The controller's view of a plan's job, and the cards behind it.
struct LoadedJob {
  Job job;
  AdaptiveSource::Cards cards;
};

// No simulation may be under way. The policy's name is known to be good.
[[nodiscard]] JobResult run_job(const SimPlan& plan, const TransferPlan& transfer, const LoadedJob& job,
                                bool with_estimates = false);

}  // namespace kvferry::sim
