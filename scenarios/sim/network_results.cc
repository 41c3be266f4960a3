// SPDX-License-Identifier: GPL-2.0-only
#include "scenarios/sim/network_results.h"

#include <algorithm>
#include <fstream>

#include "scenarios/sim/json.h"

namespace kvferry::sim {
namespace {

constexpr const char* kLinesName = "runs.jsonl";
constexpr const char* kPartsName = "lines";  // never in place
constexpr const char* kPcapName = "pcap";
constexpr const char* kAnimationName = "animation";

Json reader_json(const ReaderResult& reader) {
  return {{"ok", reader.ok},
          {"reason", reader.reason},
          {"start_s", reader.start_s},
          {"time_s",
           {{"connect", or_null(reader.connect_s)},
            {"manifest", or_null(reader.manifest_s)},
            {"first_chunk", or_null(reader.first_chunk_s)},
            {"complete", or_null(reader.complete_s)},
            {"applied", or_null(reader.applied_s)},
            {"first_token", or_null(reader.first_token_s)},
            {"last_token", or_null(reader.last_token_s)}}}};
}

Json flows_json(const FlowTotals& totals) {
  const auto received = static_cast<double>(totals.received_packets);
  return {{"flows", totals.flows},
          {"sent_bytes", totals.sent_bytes},
          {"received_bytes", totals.received_bytes},
          {"sent_packets", totals.sent_packets},
          {"received_packets", totals.received_packets},
          {"lost_packets", totals.lost_packets},
          {"mean_delay_s", received > 0 ? Json(totals.delay_sum_s / received) : Json(nullptr)}};
}

// "udp": as plans with networks name them.
std::string short_name(SimTransport transport) {
  return std::string(to_string(transport)).substr(std::string("ns3-").size());
}

}  // namespace

std::string run_line(const NetworkPlan& plan, const NetworkRun& run, const NetworkResult& result) {
  const auto& point = plan.points[run.point];
  Json line = {{"name", plan.name}, {"network", point.topology.kind}, {"point", Json::object()}};
  for (const auto& [key, value] : point.values) line["point"][key] = Json::parse(value, nullptr, false);
  line["preset"] = run.preset;
  line["transport"] = short_name(run.transport);
  line["seed"] = run.seed;
  line["ok"] = std::all_of(result.readers.begin(), result.readers.end(),
                           [](const ReaderResult& reader) { return reader.ok; });
  line["readers"] = Json::array();
  for (const auto& reader : result.readers) line["readers"].push_back(reader_json(reader));
  line["wire"] = wire_json(result.wire);
  line["packets"] = packets_json(result.packets);
  line["retransmissions"] = result.packets.retransmissions;
  if (result.agent_flows)
    line["flows"] = {{"agents", flows_json(*result.agent_flows)},
                     {"background", flows_json(*result.cross_flows)}};
  return text_of(line);
}

Result<RunsFolder> RunsFolder::open(const std::filesystem::path& folder, const NetworkPlan& plan) {
  auto gathering = Gathering::open(folder);
  if (!gathering) return gathering.error();
  bool pcap = false, animation = false;
  for (const auto& point : plan.points) {
    pcap |= point.output.pcap;
    animation |= point.output.animation;
  }
  for (const auto& [name, wanted] :
       {std::pair{kPartsName, true}, std::pair{kPcapName, pcap}, std::pair{kAnimationName, animation}}) {
    if (!wanted) continue;
    if (auto made = gathering->make_folder(name); !made) return made.error();
  }
  return RunsFolder(std::move(*gathering));
}

RunFiles RunsFolder::files(std::size_t number) const {
  const auto name = std::to_string(number);
  return {gathering_ / kPcapName / name, gathering_ / kAnimationName / (name + ".xml")};
}

Result<void> RunsFolder::write_line(std::size_t number, const std::string& line) const {
  std::ofstream out(gathering_ / kPartsName / std::to_string(number), std::ios::binary);
  out << line << '\n';
  out.close();
  if (!out) return gathering_.cannot_write(kLinesName);
  return {};
}

Result<std::size_t> RunsFolder::join(std::size_t count) const {
  std::ofstream out(gathering_ / kLinesName, std::ios::binary);
  std::size_t ok = 0;
  for (std::size_t i = 0; i < count && out; ++i) {
    std::ifstream in(gathering_ / kPartsName / std::to_string(i), std::ios::binary);
    std::string line;
    std::getline(in, line);
    ok += Json::parse(line, nullptr, false).value("ok", false);
    out << line << '\n';
  }
  out.close();
  if (!out) return gathering_.cannot_write(kLinesName);
  return ok;
}

Result<std::size_t> RunsFolder::commit(std::size_t count) {
  auto ok = join(count);
  if (!ok) return ok;
  if (auto done = gathering_.commit({kPcapName, kAnimationName, kLinesName}); !done) return done.error();
  return ok;
}

}  // namespace kvferry::sim
