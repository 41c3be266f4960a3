// SPDX-License-Identifier: GPL-2.0-only
#include "scenarios/sim/plan.h"

#include <ns3/tcp-congestion-ops.h>
#include <ns3/tcp-cubic.h>
#include <ns3/type-id.h>

#include <set>

#include "protocol/base/digest.h"
#include "protocol/rate/policy.h"
#include "scenarios/toml_file.h"

namespace kvferry::sim {
namespace {

constexpr std::int64_t kMaxSeed = (std::int64_t{1} << 53) - 1;  // what every JSON reader keeps exactly
constexpr double kMaxDeadline_s = 3600;
constexpr double kMaxTraceStart_s = 1e6;
constexpr std::size_t kMaxSegments = 16;  // Limits::max_transfers

// The same wherever the transfer stands in the plan.
std::int64_t seed_of(std::int64_t plan_seed, const std::string& id) {
  const auto digest = sha256(as_bytes(std::to_string(plan_seed) + ":" + id));
  return load_le<std::int64_t>(digest.bytes.data()) & kMaxSeed;
}

std::shared_ptr<const KvDeliveryTrace> read_trace(TomlTable& table, const std::string& key,
                                                  const std::string& name) {
  auto trace = KvDeliveryTrace::Read(table.file().parent_path() / name);
  if (trace) return std::make_shared<KvDeliveryTrace>(std::move(*trace));
  table.reject(key, trace.error().message);
  return nullptr;
}

void read_traces(TomlTable& table, LinkPlan& link) {
  std::string trace, back;
  table.text("trace", trace);
  table.text("trace_back", back);
  table.number("trace_start_s", link.trace_start_s, 0, kMaxTraceStart_s);
  if (trace.empty()) {
    if (!back.empty()) table.reject("trace_back", "expected trace beside it");
    return;
  }
  link.trace = read_trace(table, "trace", trace);
  link.trace_back = back.empty() ? link.trace : read_trace(table, "trace_back", back);
  if (link.trace) link.rate_mbps = link.trace->GetMeanRateBps() / 1e6;
}

void read_link(TomlTable table, LinkPlan& link) {
  table.number("rate_mbps", link.rate_mbps, 0.001, 100000);
  read_traces(table, link);
  table.number("rtt_ms", link.rtt_ms, 0, 10000);
  table.number("loss", link.loss, 0, 1);
  table.integer("queue_packets", link.queue_packets, 1, 1000000);
}

void read_transports(TomlTable tcp, TomlTable udp, SimPlan& plan) {
  tcp.text("congestion", plan.tcp_congestion);
  if (!is_tcp_congestion(plan.tcp_congestion)) {
    tcp.reject("congestion", "expected the name of an ns-3 congestion control, such as TcpCubic or TcpBbr");
  }
  udp.text("congestion", plan.udp_congestion);
  if (plan.udp_congestion != "model" && plan.udp_congestion != "cubic") {
    udp.reject("congestion", "expected model or cubic");
  }
  udp.integer("max_datagram_bytes", plan.max_datagram_bytes, 256, 1472);
}

EncodingPlan read_encoding(TomlTable table) {
  EncodingPlan encoding;
  for (const auto* key : {"preset", "card"}) table.require(key);
  table.text("preset", encoding.preset);
  std::string card;
  table.text("card", card);
  encoding.card = table.file().parent_path() / card;
  double quality = -1;
  table.number("quality", quality, 0, 1);
  if (quality >= 0) encoding.quality = quality;
  table.number("decode_s", encoding.decode_s, 0, kMaxDeadline_s);
  return encoding;
}

JobPlan read_job(TomlTable table) {
  JobPlan job;
  for (const auto* key : {"id", "segment"}) table.require(key);
  table.text("id", job.id);
  auto segments = table.tables("segment");
  if (segments.size() > kMaxSegments)
    table.reject("segment", "expected at most " + std::to_string(kMaxSegments) +
                                ", as many as a peer may ask for at once");
  for (auto& segment : segments) {
    SegmentPlan& plan = job.segments.emplace_back();
    for (const auto* key : {"document", "encoding"}) segment.require(key);
    segment.text("document", plan.document);
    for (auto& encoding : segment.tables("encoding")) plan.encodings.push_back(read_encoding(encoding));
  }
  return job;
}

// Which job, and how.
void read_use_of_job(TomlTable& table, const SimPlan& plan, TransferPlan& transfer) {
  std::string id;
  table.text("job", id);
  table.text("policy", transfer.policy);
  table.flag("text", transfer.text_allowed);
  if (id.empty()) {
    table.require("card");
    if (!transfer.policy.empty()) table.reject("policy", "expected job beside it");
    if (transfer.text_allowed) table.reject("text", "expected job beside it");
    return;
  }
  for (std::size_t i = 0; i < plan.jobs.size(); ++i) {
    if (plan.jobs[i].id == id) transfer.job = i;
  }
  if (!transfer.job) table.reject("job", "expected the id of a [[job]]");
  table.require("policy");
  if (const auto policy = make_policy(transfer.policy); !transfer.policy.empty() && !policy)
    table.reject("policy", policy.error().message);
}

TransferPlan read_transfer(TomlTable table, std::int64_t plan_seed, const SimPlan& plan) {
  TransferPlan transfer;
  for (const auto* key : {"id", "transport"}) table.require(key);
  table.text("id", transfer.id);
  std::string card;
  table.text("card", card);
  transfer.card = table.file().parent_path() / card;
  read_use_of_job(table, plan, transfer);
  if (transfer.job && !card.empty()) table.reject("card", "expected either card or job");
  std::string transport = to_string(SimTransport::kTcp);
  table.text("transport", transport);
  if (const auto known = parse_transport(transport)) {
    transfer.transport = *known;
  } else {
    table.reject("transport", "expected ns3-tcp, ns3-udp or ns3-quic");
  }
  std::int64_t seed = seed_of(plan_seed, transfer.id);
  table.integer("seed", seed, 0, kMaxSeed);
  transfer.seed = static_cast<std::uint64_t>(seed);
  double deadline_s = 0;
  table.number("deadline_s", deadline_s, 1e-6, kMaxDeadline_s);
  if (deadline_s > 0) transfer.deadline_s = deadline_s;
  double trace_start_s = -1;
  table.number("trace_start_s", trace_start_s, 0, kMaxTraceStart_s);
  if (trace_start_s >= 0) transfer.trace_start_s = trace_start_s;
  return transfer;
}

}  // namespace

bool is_tcp_congestion(const std::string& name) {
  ns3::TypeId type;
  if (!ns3::TypeId::LookupByNameFailSafe("ns3::" + name, &type) || !type.HasConstructor()) return false;
  return type.IsChildOf(ns3::TcpCongestionOps::GetTypeId()) ||
         type == ns3::TcpCubic::GetTypeId();  // ns-3.37 declares another parent for this one
}

const char* to_string(SimTransport transport) {
  switch (transport) {
    case SimTransport::kTcp:
      return "ns3-tcp";
    case SimTransport::kUdp:
      return "ns3-udp";
    case SimTransport::kQuic:
      break;
  }
  return "ns3-quic";
}

std::optional<SimTransport> parse_transport(std::string_view name) {
  for (const auto transport : {SimTransport::kTcp, SimTransport::kUdp, SimTransport::kQuic}) {
    if (name == to_string(transport)) return transport;
  }
  return std::nullopt;
}

Result<SimPlan> read_sim_plan(const std::filesystem::path& file) {
  auto root = TomlTable::read(file);
  if (!root) return root.error();
  SimPlan plan;
  std::int64_t seed = 1;
  root->integer("seed", seed, 0, kMaxSeed);
  read_link(root->table("link"), plan.link);
  read_transports(root->table("tcp"), root->table("udp"), plan);
  for (auto& table : root->tables("job")) plan.jobs.push_back(read_job(table));
  root->require("transfer");
  std::set<std::string> ids;
  for (auto& table : root->tables("transfer")) {
    plan.transfers.push_back(read_transfer(table, seed, plan));
    const auto& id = plan.transfers.back().id;
    if (!id.empty() && !ids.insert(id).second)
      table.reject("id", "expected a name that no other transfer has");
  }
  if (auto done = root->finish(); !done) return done.error();
  return plan;
}

}  // namespace kvferry::sim
