// SPDX-License-Identifier: GPL-2.0-only
//
// What kvferry-sim is told to do: a link, the transports' settings, and the
// transfers to make over it. A plan is a TOML file; the format is in README.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/result.h"
#include "sim/model/kv-delivery-trace.h"

namespace kvferry::sim {

enum class SimTransport { kTcp, kUdp, kQuic };

// As written in plans and results: "ns3-tcp", "ns3-udp", "ns3-quic".
[[nodiscard]] const char* to_string(SimTransport transport);
[[nodiscard]] std::optional<SimTransport> parse_transport(std::string_view name);

// The name of a class ns3::X that is a congestion control.
[[nodiscard]] bool is_tcp_congestion(const std::string& name);

struct LinkPlan {
  double rate_mbps = 5;  // each direction; of a trace: its mean towards the reader
  double rtt_ms = 40;    // propagation, both ways together
  double loss = 0;       // probability of losing a packet, each direction
  std::uint32_t queue_packets = 100;
  // Recorded capacity instead of a rate: from source to reader, and back. Both or none.
  std::shared_ptr<const KvDeliveryTrace> trace, trace_back;
  double trace_start_s = 0;  // where in the traces a transfer begins
};

// Paths of cards are resolved against the plan's folder.
struct EncodingPlan {
  std::string preset;
  std::filesystem::path card;
  std::optional<double> quality;  // else what the card's manifest says
  double decode_s = 0;            // at the reader
};

struct SegmentPlan {
  std::string document;
  std::vector<EncodingPlan> encodings;
};

// What a source adapts: segments that are handed over one after the other.
struct JobPlan {
  std::string id;
  std::vector<SegmentPlan> segments;
};

struct TransferPlan {
  std::string id;
  std::filesystem::path card;      // or
  std::optional<std::size_t> job;  // index into the plan's
  std::string policy;              // of a job
  bool text_allowed = false;       // of a job
  SimTransport transport = SimTransport::kTcp;
  std::uint64_t seed = 0;               // the plan's, or made of the plan's seed and the id
  std::optional<double> deadline_s;     // of a card from the start of connecting, of a job from its request
  std::optional<double> trace_start_s;  // instead of the link's
};

struct SimPlan {
  LinkPlan link;
  std::string tcp_congestion = "TcpCubic";  // a class ns3::X
  std::string udp_congestion = "model";     // or "cubic"
  std::uint32_t max_datagram_bytes = 1452;
  std::vector<JobPlan> jobs;
  std::vector<TransferPlan> transfers;
};

// Every key and value is checked, and that ns-3 knows the congestion control. Errors: "PLAN:LINE: key
// 'x': what was expected". Cards are not opened.
[[nodiscard]] Result<SimPlan> read_sim_plan(const std::filesystem::path& file);

}  // namespace kvferry::sim
