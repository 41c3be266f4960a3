// SPDX-License-Identifier: GPL-2.0-only
#include "scenarios/sim/network_plan.h"

#include <numeric>

#include "scenarios/shapes/shape_card.h"
#include "sim/helper/kv-background-helper.h"

namespace kvferry::sim {
namespace {

constexpr std::int64_t kMaxSeed = (std::int64_t{1} << 53) - 1;  // what every JSON reader keeps exactly
constexpr std::int64_t kMaxSeeds = 10000;
constexpr std::size_t kMaxRuns = 1000000;
constexpr double kMaxTime_s = 3600;
constexpr double kLeastUdp_mbps = 0.001;
constexpr const char* kSweep = "sweep";

// "udp" in these plans, "ns3-udp" in those with transfers.
std::optional<SimTransport> parse_short_transport(const std::string& name) {
  return parse_transport("ns3-" + name);
}

std::optional<double> optional_number(TomlTable& table, const std::string& key, double least, double most) {
  double value = least;
  table.number(key, value, least, most);
  return table.has(key) ? std::optional(value) : std::nullopt;
}

std::vector<std::uint64_t> read_seeds(TomlTable& root) {
  std::vector<std::int64_t> values = {1};
  const bool listed = root.has_list("seeds");
  root.integers("seeds", values, listed ? 0 : 1, listed ? kMaxSeed : kMaxSeeds);
  std::vector<std::uint64_t> seeds(values.begin(), values.end());
  if (!listed) {
    seeds.resize(static_cast<std::size_t>(values.front()));
    std::iota(seeds.begin(), seeds.end(), 1);
  }
  return seeds;
}

std::vector<SimTransport> read_transports(TomlTable& table) {
  std::vector<std::string> names = {"udp"};
  table.texts("transports", names);
  std::vector<SimTransport> transports;
  for (const auto& name : names) {
    if (const auto known = parse_short_transport(name)) {
      transports.push_back(*known);
    } else {
      table.reject("transports", "'" + name + "', expected udp, tcp or quic");
    }
  }
  return transports;
}

AgentsPlan read_agents(TomlTable table, PlanFiles& files) {
  AgentsPlan agents;
  agents.transports = read_transports(table);
  table.text("congestion", agents.congestion);
  if (agents.congestion != "model" && agents.congestion != "cubic")
    table.reject("congestion", "expected model or cubic");
  table.text("tcp_congestion", agents.tcp_congestion);
  if (!is_tcp_congestion(agents.tcp_congestion))
    table.reject("tcp_congestion",
                 "expected the name of an ns-3 congestion control, such as TcpCubic or TcpBbr");
  table.integer("max_datagram_bytes", agents.max_datagram_bytes, 256, 1472);
  std::string profile;
  table.text("profile", profile);
  if (!profile.empty()) {
    auto found = files.profile(profile, table.file().parent_path());
    if (found) {
      agents.profile = std::move(*found);
    } else {
      table.reject("profile", found.error().message);
    }
  }
  table.integer("answer_tokens", agents.answer_tokens, 0, 1 << 20);
  agents.deadline_s = optional_number(table, "deadline_s", 1e-6, kMaxTime_s);
  table.number("start_spread_s", agents.start_spread_s, 0, kMaxTime_s);
  return agents;
}

void read_shape(TomlTable& table, const std::string& name, CardPlan& card) {
  card.shape = find_shape(name);
  if (!card.shape) table.reject("shape", "expected one of " + shape_names());
  table.integer("tokens", card.tokens, 1, 10000000);
  card.presets = {"int4"};
  table.texts("presets", card.presets);
  for (const auto& preset : card.presets) {
    if (!card.shape) break;
    if (const auto known = shape_manifest(*card.shape, 1, preset); !known)
      table.reject("presets", known.error().message);
  }
}

CardPlan read_card(TomlTable table, PlanFiles& files) {
  CardPlan card;
  std::string file, shape;
  table.text("file", file);
  table.text("shape", shape);
  if (file.empty() == shape.empty()) {
    table.reject(file.empty() ? "shape" : "file", "expected either a shape or a file");
  } else if (file.empty()) {
    read_shape(table, shape, card);
  } else if (auto found = files.card(table.file().parent_path() / file)) {
    card.file = *found;
    card.presets = {card.file->manifest().preset};
  } else {
    table.reject("file", found.error().message);
  }
  return card;
}

void check_udp(TomlTable& table, const BackgroundPlan& background, double capacity_mbps) {
  if (background.udp_share && background.udp_mbps)
    table.reject("udp_mbps", "expected either a share or a rate");
  if (background.udp_share && capacity_mbps == 0) {
    table.reject("udp_share", "expected udp_mbps: how much a radio carries is not known beforehand");
  } else if (background.udp_share && *background.udp_share * capacity_mbps < kLeastUdp_mbps) {
    table.reject("udp_share", "expected at least 1 kbit/s of the network's capacity");
  }
}

BackgroundPlan read_background(TomlTable table, double capacity_mbps) {
  BackgroundPlan background;
  table.integer("tcp_flows", background.tcp_flows, 0, KvBackgroundHelper::kMostFlows);
  background.udp_share = optional_number(table, "udp_share", 0, 1);
  background.udp_mbps = optional_number(table, "udp_mbps", kLeastUdp_mbps, 100000);
  check_udp(table, background, capacity_mbps);
  table.number("start_s", background.start_s, 0, kMaxTime_s);
  background.stop_s = optional_number(table, "stop_s", 0, kMaxTime_s);
  if (background.stop_s && *background.stop_s <= background.start_s)
    table.reject("stop_s", "expected a time after start_s");
  return background;
}

OutputPlan read_output(TomlTable table) {
  OutputPlan output;
  table.flag("pcap", output.pcap);
  table.flag("flow_monitor", output.flow_monitor);
  table.flag("animation", output.animation);
  return output;
}

// A file that can be read and, where there are axes, their values of these numbers in it.
Result<NetworkPoint> read_point(TomlTable root, std::string& name, PlanFiles& files) {
  NetworkPoint point;
  root.text("name", name);
  point.seeds = read_seeds(root);
  point.topology = read_topology(root.table("network"), files);
  point.agents = read_agents(root.table("agents"), files);
  root.require("card");
  point.card = read_card(root.table("card"), files);
  point.background = read_background(root.table("background"), point.topology.capacity_mbps);
  point.output = read_output(root.table("output"));
  if (auto read = root.finish(); !read) return read.error();
  if (auto sound = point.topology.helper->Check(); !sound)
    return sound.error().in(root.file().string() + ": network");
  return point;
}

// The next numbers of a cross product, the last fastest; false: these were the last.
bool advance(std::vector<std::size_t>& numbers, const std::vector<TomlTable::Axis>& axes) {
  for (auto i = numbers.size(); i-- > 0;) {
    if (++numbers[i] < axes[i].values.size()) return true;
    numbers[i] = 0;
  }
  return false;
}

void add_runs(NetworkPlan& plan) {
  const auto& point = plan.points.back();
  for (const auto& preset : point.card.presets) {
    for (const auto transport : point.agents.transports) {
      for (const auto seed : point.seeds)
        plan.runs.push_back({plan.points.size() - 1, preset, transport, seed});
    }
  }
}

}  // namespace

Result<bool> is_network_plan(const std::filesystem::path& file) {
  const auto root = TomlTable::read(file);
  if (!root) return root.error();
  return root->has("network");
}

Result<NetworkPlan> read_network_plan(const std::filesystem::path& file) {
  auto first = TomlTable::read(file);
  if (!first) return first.error();
  NetworkPlan plan;
  plan.name = file.stem().string();
  const auto axes = first->axes(kSweep);
  if (auto sound = first->first_problem(); !sound) return sound.error();
  PlanFiles files;
  std::vector<std::size_t> numbers(axes.size());
  do {
    auto root = TomlTable::read(file);
    if (!root) return root.error();
    root->choose(kSweep, numbers);
    auto point = read_point(*root, plan.name, files);
    if (!point) return point.error();
    for (std::size_t i = 0; i < axes.size(); ++i)
      point->values.emplace_back(axes[i].key, axes[i].values[numbers[i]]);
    plan.points.push_back(std::move(*point));
    add_runs(plan);
    if (plan.runs.size() > kMaxRuns)
      return Error{file.string() + ": more than " + std::to_string(kMaxRuns) + " runs, expected fewer"};
  } while (advance(numbers, axes));
  return plan;
}

}  // namespace kvferry::sim
