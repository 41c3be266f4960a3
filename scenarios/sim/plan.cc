// SPDX-License-Identifier: GPL-2.0-only
#include "scenarios/sim/plan.h"

#include <ns3/tcp-congestion-ops.h>
#include <ns3/tcp-cubic.h>
#include <ns3/type-id.h>

#include <set>

#include "protocol/base/digest.h"
#include "scenarios/toml_file.h"

namespace kvferry::sim {
namespace {

constexpr std::int64_t kMaxSeed = (std::int64_t{1} << 53) - 1;  // what every JSON reader keeps exactly
constexpr double kMaxDeadline_s = 3600;

// The same wherever the transfer stands in the plan.
std::int64_t seed_of(std::int64_t plan_seed, const std::string& id) {
  const auto digest = sha256(as_bytes(std::to_string(plan_seed) + ":" + id));
  return load_le<std::int64_t>(digest.bytes.data()) & kMaxSeed;
}

bool is_tcp_congestion(const std::string& name) {
  ns3::TypeId type;
  if (!ns3::TypeId::LookupByNameFailSafe("ns3::" + name, &type) || !type.HasConstructor()) return false;
  return type.IsChildOf(ns3::TcpCongestionOps::GetTypeId()) ||
         type == ns3::TcpCubic::GetTypeId();  // ns-3.37 declares another parent for this one
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
  table.number("trace_start_s", link.trace_start_s, 0, 1e6);
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

TransferPlan read_transfer(TomlTable table, std::int64_t plan_seed) {
  TransferPlan transfer;
  for (const auto* key : {"id", "card", "transport"}) table.require(key);
  table.text("id", transfer.id);
  std::string card;
  table.text("card", card);
  transfer.card = table.file().parent_path() / card;
  std::string transport = to_string(SimTransport::kTcp);
  table.text("transport", transport);
  if (transport == to_string(SimTransport::kUdp)) {
    transfer.transport = SimTransport::kUdp;
  } else if (transport != to_string(SimTransport::kTcp)) {
    table.reject("transport", "expected ns3-tcp or ns3-udp");
  }
  std::int64_t seed = seed_of(plan_seed, transfer.id);
  table.integer("seed", seed, 0, kMaxSeed);
  transfer.seed = static_cast<std::uint64_t>(seed);
  double deadline_s = 0;
  table.number("deadline_s", deadline_s, 0.001, kMaxDeadline_s);
  if (deadline_s > 0) transfer.deadline_s = deadline_s;
  return transfer;
}

}  // namespace

const char* to_string(SimTransport transport) {
  return transport == SimTransport::kTcp ? "ns3-tcp" : "ns3-udp";
}

Result<SimPlan> read_sim_plan(const std::filesystem::path& file) {
  auto root = TomlTable::read(file);
  if (!root) return root.error();
  SimPlan plan;
  std::int64_t seed = 1;
  root->integer("seed", seed, 0, kMaxSeed);
  read_link(root->table("link"), plan.link);
  read_transports(root->table("tcp"), root->table("udp"), plan);
  root->require("transfer");
  std::set<std::string> ids;
  for (auto& table : root->tables("transfer")) {
    plan.transfers.push_back(read_transfer(table, seed));
    const auto& id = plan.transfers.back().id;
    if (!id.empty() && !ids.insert(id).second)
      table.reject("id", "expected a name that no other transfer has");
  }
  if (auto done = root->finish(); !done) return done.error();
  return plan;
}

}  // namespace kvferry::sim
