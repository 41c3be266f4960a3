// SPDX-License-Identifier: GPL-2.0-only
#include "scenarios/sim/topology_plan.h"

#include <algorithm>
#include <functional>
#include <map>

#include "sim/helper/kv-chain-helper.h"
#include "sim/helper/kv-csma-helper.h"
#include "sim/helper/kv-dumbbell-helper.h"
#include "sim/helper/kv-lte-helper.h"
#include "sim/helper/kv-pair-helper.h"
#include "sim/helper/kv-queue-discipline.h"
#include "sim/helper/kv-star-helper.h"
#include "sim/helper/kv-trace-link-helper.h"
#include "sim/helper/kv-wifi-helper.h"

namespace kvferry::sim {
namespace {

constexpr double kMostRate_mbps = 100000;
constexpr double kMostDelay_ms = 10000;
constexpr double kMostDistance_m = 1e6;
constexpr double kMostTraceStart_s = 1e6;
constexpr double kPacketBytes = 1500;

ns3::DataRate rate_of(double mbps) { return ns3::DataRate(static_cast<std::uint64_t>(mbps * 1e6)); }

// What all links have in common, and CSMA's bus.
struct Wire {
  std::vector<double> rates_mbps;
  double delay_ms = 0;  // one way
  std::uint32_t queue_packets = 100;
  std::string discipline = "Fifo";
  KvLoss loss = {};
  std::shared_ptr<const KvDeliveryTrace> trace = {}, trace_back = {};
  double trace_start_s = 0;

  template <typename Link>
  void set(Link& link) const {
    link.SetDelay(ns3::NanoSeconds(static_cast<std::uint64_t>(delay_ms * 1e6)));
    link.SetQueuePackets(queue_packets);
    link.SetQueueDiscipline(discipline);
    link.SetLoss(loss);
  }
  [[nodiscard]] KvLinkHelper link() const {
    KvLinkHelper link;
    set(link);
    link.SetDataRate(rate_of(rates_mbps.front()));
    return link;
  }
  [[nodiscard]] KvTraceLinkHelper trace_link() const {
    KvTraceLinkHelper link;
    set(link);
    link.SetTraces(trace, trace_back);
    link.SetTraceStart(ns3::Seconds(trace_start_s));
    return link;
  }
};

KvLoss read_loss(TomlTable& table) {
  std::string model = "independent";
  table.text("loss_model", model);
  KvLoss loss;
  if (model == "gilbert-elliott") {
    loss.kind = KvLoss::GILBERT_ELLIOTT;
    for (const auto* key : {"good_to_bad", "bad_to_good"}) table.require(key);
    table.number("good_to_bad", loss.goodToBad, 0, 1);
    table.number("bad_to_good", loss.badToGood, 0, 1);
    table.number("loss_in_good", loss.lossInGood, 0, 1);
    table.number("loss_in_bad", loss.lossInBad, 0, 1);
    return loss;
  }
  table.number("loss", loss.probability, 0, 1);
  if (model == "burst") {
    loss.kind = KvLoss::BURSTS;
    int shortest = 1, longest = 4;
    table.range("burst_packets", shortest, longest, 1, 1000000);
    loss.shortest = static_cast<std::uint32_t>(shortest);
    loss.longest = static_cast<std::uint32_t>(longest);
  } else if (model != "independent") {
    table.reject("loss_model", "expected independent, gilbert-elliott or burst");
  }
  return loss;
}

std::shared_ptr<const KvDeliveryTrace> read_trace(TomlTable& table, const std::string& key,
                                                  const std::string& name, PlanFiles& files) {
  auto trace = files.trace(table.file().parent_path() / name);
  if (trace) return *trace;
  table.reject(key, trace.error().message);
  return nullptr;
}

void read_traces(TomlTable& table, Wire& wire, PlanFiles& files) {
  std::string forth, back;
  table.text("trace", forth);
  table.text("trace_back", back);
  table.number("trace_start_s", wire.trace_start_s, 0, kMostTraceStart_s);
  if (forth.empty()) {
    for (const auto* key : {"trace_back", "trace_start_s"}) {
      if (table.has(key)) table.reject(key, "expected trace beside it");
    }
    return;
  }
  if (table.has("rate_mbps")) table.reject("rate_mbps", "expected either a rate or a trace");
  wire.trace = read_trace(table, "trace", forth, files);
  wire.trace_back = back.empty() ? wire.trace : read_trace(table, "trace_back", back, files);
  if (wire.trace) wire.rates_mbps = {wire.trace->GetMeanRateBps() / 1e6};
}

void read_delay(TomlTable& table, double& delay_ms) {
  table.number("delay_ms", delay_ms, 0, kMostDelay_ms);
  if (!table.has("rtt_ms")) return;
  if (table.has("delay_ms")) table.reject("rtt_ms", "expected either rtt_ms or delay_ms");
  double rtt_ms = 2 * delay_ms;
  table.number("rtt_ms", rtt_ms, 0, 2 * kMostDelay_ms);
  delay_ms = rtt_ms / 2;
}

// All but traces. A rate for each of several readers where that may be.
Wire read_wire(TomlTable& table, Wire wire, std::uint32_t readers = 1) {
  table.numbers("rate_mbps", wire.rates_mbps, 0.001, kMostRate_mbps);
  if (wire.rates_mbps.size() != 1 && wire.rates_mbps.size() != readers)
    table.reject("rate_mbps", "expected one rate" + (readers > 1 ? ", or one for each of " +
                                                                       std::to_string(readers) + " readers"
                                                                 : std::string()));
  read_delay(table, wire.delay_ms);
  table.integer("queue_packets", wire.queue_packets, 1, 1000000);
  table.text("queue_discipline", wire.discipline);
  if (const auto known = KvQueueDiscipline::Parse(wire.discipline); !known)
    table.reject("queue_discipline", known.error().message);
  wire.loss = read_loss(table);
  return wire;
}

Wire read_link(TomlTable& table, PlanFiles& files, std::uint32_t readers = 1) {
  auto wire = read_wire(table, {.rates_mbps = {5}, .delay_ms = 20}, readers);
  read_traces(table, wire, files);
  return wire;
}

std::uint32_t read_count(TomlTable& table, const char* key, std::uint32_t value, std::uint32_t least,
                         std::uint32_t most) {
  table.integer(key, value, least, most);
  return value;
}

void describe(const Wire& wire, std::uint32_t hops, TopologyPlan& plan) {
  const auto widest = *std::max_element(wire.rates_mbps.begin(), wire.rates_mbps.end());
  plan.rtt_s = 2e-3 * wire.delay_ms * hops;
  plan.in_flight_bytes = widest * 1e6 / 8 * plan.rtt_s + kPacketBytes * wire.queue_packets;
  plan.capacity_mbps = *std::min_element(wire.rates_mbps.begin(), wire.rates_mbps.end());
}

// Calls use(link) with the kind of link that it is.
template <typename Use>
void with_link(const Wire& wire, Use&& use) {
  if (wire.trace && wire.trace_back) {
    use(wire.trace_link());
  } else {
    use(wire.link());
  }
}

using Helper = std::shared_ptr<KvTopologyHelper>;

Helper read_pair(TomlTable& table, PlanFiles& files, TopologyPlan& plan) {
  const auto wire = read_link(table, files);
  describe(wire, 1, plan);
  auto helper = std::make_shared<KvPairHelper>();
  with_link(wire, [&](const auto& link) { helper->SetLink(link); });
  return helper;
}

Helper read_star(TomlTable& table, PlanFiles& files, TopologyPlan& plan) {
  plan.readers = read_count(table, "readers", 2, 1, KvStarHelper::kMostReaders);
  const auto wire = read_link(table, files, plan.readers);
  describe(wire, 1, plan);
  auto helper = std::make_shared<KvStarHelper>();
  helper->SetReaders(plan.readers);
  if (wire.rates_mbps.size() > 1) {
    std::vector<ns3::DataRate> rates;
    for (const auto mbps : wire.rates_mbps) rates.push_back(rate_of(mbps));
    helper->SetLinks(wire.link(), rates);
  } else {
    with_link(wire, [&](const auto& link) { helper->SetLink(link); });
  }
  return helper;
}

Helper read_chain(TomlTable& table, PlanFiles& files, TopologyPlan& plan) {
  const auto hops = read_count(table, "hops", 2, 1, KvChainHelper::kMostHops);
  table.flag("relay", plan.relay);
  const auto wire = read_link(table, files);
  describe(wire, hops, plan);
  auto helper = std::make_shared<KvChainHelper>();
  helper->SetHops(hops);
  with_link(wire, [&](const auto& link) { helper->SetLink(link); });
  return helper;
}

// Never slower than the bottleneck.
KvLinkHelper access_of(double bottleneck_mbps) {
  KvLinkHelper access;
  access.SetDataRate(rate_of(std::max(1000.0, bottleneck_mbps)));
  access.SetDelay(ns3::MilliSeconds(1));
  access.SetQueuePackets(10000);
  return access;
}

Helper read_dumbbell(TomlTable& table, PlanFiles& files, TopologyPlan& plan) {
  plan.readers = read_count(table, "pairs", 1, 1, KvDumbbellHelper::kMostPairs);
  const auto cross_pairs = read_count(table, "cross_pairs", 1, 0, KvDumbbellHelper::kMostPairs);
  const auto wire = read_link(table, files);
  describe(wire, 1, plan);
  auto helper = std::make_shared<KvDumbbellHelper>();
  helper->SetPairs(plan.readers);
  helper->SetCrossPairs(cross_pairs);
  with_link(wire, [&](const auto& link) { helper->SetBottleneck(link); });
  helper->SetAccess(access_of(plan.capacity_mbps));
  return helper;
}

Helper read_csma(TomlTable& table, PlanFiles&, TopologyPlan& plan) {
  plan.readers = read_count(table, "readers", 1, 1, KvCsmaHelper::kMostStations);
  const auto contenders = read_count(table, "contenders", 0, 0, KvCsmaHelper::kMostStations);
  const auto wire = read_wire(table, {.rates_mbps = {100}, .delay_ms = 0.002});
  describe(wire, 1, plan);
  auto helper = std::make_shared<KvCsmaHelper>();
  wire.set(*helper);
  helper->SetDataRate(rate_of(wire.rates_mbps.front()));
  helper->SetReaders(plan.readers);
  helper->SetContenders(contenders);
  return helper;
}

Helper read_wifi(TomlTable& table, PlanFiles&, TopologyPlan& plan) {
  auto helper = std::make_shared<KvWifiHelper>();
  plan.readers = read_count(table, "readers", 1, 1, KvWifiHelper::kMostStations);
  helper->SetReaders(plan.readers);
  helper->SetContenders(read_count(table, "contenders", 0, 0, KvWifiHelper::kMostStations - plan.readers));
  double distance_m = 5;
  table.number("distance_m", distance_m, 0, kMostDistance_m);
  helper->SetDistance(distance_m);
  std::string standard = "802.11ax";
  table.text("standard", standard);
  helper->SetStandard(standard);
  const auto known = helper->Check();
  if (!known) table.reject("standard", known.error().message);
  std::uint32_t mcs = 0;
  table.integer("mcs", mcs, 0, 100);
  if (table.has("mcs")) helper->SetMcs(mcs);
  if (const auto sound = helper->Check(); known && !sound) table.reject("mcs", sound.error().message);
  const bool wired = table.has("rate_mbps");
  const auto wire = read_wire(table, {.rates_mbps = {1000}, .delay_ms = wired ? 10.0 : 0.0});
  if (wired) helper->SetWire(wire.link());
  for (const auto* key : {"rtt_ms", "delay_ms", "queue_packets", "queue_discipline", "loss", "loss_model"}) {
    if (!wired && table.has(key))
      table.reject(key, "expected rate_mbps beside it: of the wire from the source to the access point");
  }
  describe(wire, 1, plan);
  plan.capacity_mbps = 0;
  return helper;
}

Helper read_lte(TomlTable& table, PlanFiles&, TopologyPlan& plan) {
  auto helper = std::make_shared<KvLteHelper>();
  plan.readers = read_count(table, "readers", 1, 1, KvLteHelper::kMostReaders);
  helper->SetReaders(plan.readers);
  std::vector<double> distances_m = {100};
  table.numbers("distance_m", distances_m, 0, kMostDistance_m);
  if (distances_m.size() != 1 && distances_m.size() != plan.readers)
    table.reject("distance_m",
                 "expected one distance, or one for each of " + std::to_string(plan.readers) + " readers");
  helper->SetDistances(distances_m);
  const auto wire = read_wire(table, {.rates_mbps = {1000}, .delay_ms = 10, .queue_packets = 1000});
  helper->SetBackhaul(wire.link());
  describe(wire, 1, plan);
  plan.capacity_mbps = 0;
  return helper;
}

using Reader = Helper (*)(TomlTable&, PlanFiles&, TopologyPlan&);

const std::vector<std::pair<std::string, Reader>>& kinds() {
  static const std::vector<std::pair<std::string, Reader>> all = {
      {"pair", read_pair}, {"star", read_star}, {"chain", read_chain}, {"dumbbell", read_dumbbell},
      {"csma", read_csma}, {"wifi", read_wifi}, {"lte", read_lte}};
  return all;
}

}  // namespace

TopologyPlan read_topology(TomlTable table, PlanFiles& files) {
  TopologyPlan plan;
  table.require("kind");
  table.text("kind", plan.kind);
  int version = 4;
  table.integer("ip", version, 0, 100);
  if (version != 4 && version != 6) table.reject("ip", "expected 4 or 6");
  const auto kind = std::find_if(kinds().begin(), kinds().end(),
                                 [&](const auto& known) { return known.first == plan.kind; });
  if (kind == kinds().end()) {
    table.reject("kind", "expected pair, star, chain, dumbbell, csma, wifi or lte");
    return plan;
  }
  auto helper = kind->second(table, files, plan);
  helper->SetIpVersion(version);
  plan.helper = std::move(helper);
  return plan;
}

}  // namespace kvferry::sim
