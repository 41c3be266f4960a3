// SPDX-License-Identifier: MIT
//
// Jobs through kvferry-sim: which policy hands over the bundle, on which link, from where in its trace, by
// when; and what was there at the deadline.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "scenarios/lab/adapt/bundle.h"
#include "scenarios/lab/adapt/rate_trace.h"
#include "scenarios/profile.h"

namespace kvferry {

struct JobOrder {
  size_t link = 0;
  std::string transport;  // "ns3-tcp", "ns3-udp"
  std::string policy;
  bool text = false;    // the words instead of the cache are among the choices
  double multiple = 1;  // of the time that FP16 would take at the link's mean rate
  double deadline_s = 0;
  double start_s = 0;  // in the link's trace
  uint64_t seed = 0;
};

// What a segment had come to at the deadline.
struct SegmentOutcome {
  std::string preset;  // empty: nothing was sent of it
  uint32_t chunks = 0;
  uint32_t arrived = 0;  // of the chunks, and decoded in time
  uint32_t prefix = 0;   // of these, those that the table begins with
  uint64_t arrived_bytes = 0;
};

struct JobOutcome {
  double connect_s = 0;
  std::optional<double> complete_s;
  std::vector<SegmentOutcome> segments;
  uint64_t wire_bytes = 0;
};

// Writes the bundle's cards and the links' traces below `folder`, runs every order, in processes of up to
// kOrdersAtOnce, and returns the outcomes in their order. Progressive policies hand over the one card.
[[nodiscard]] Result<std::vector<JobOutcome>> run_jobs(const Bundle& bundle, const Profile& profile,
                                                       const std::vector<AdaptLink>& links,
                                                       const std::vector<JobOrder>& orders,
                                                       const std::filesystem::path& folder, int jobs);

// One order with every arrival and estimate, as kvferry-sim writes it: a line of JSON.
[[nodiscard]] Result<std::string> trace_job(const Bundle& bundle, const Profile& profile,
                                            const std::vector<AdaptLink>& links, const JobOrder& order,
                                            const std::filesystem::path& folder);

}  // namespace kvferry
