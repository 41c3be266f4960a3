// SPDX-License-Identifier: MIT
//
// overhead: bytes on the wire by class at each point, as measured; analysis/ puts a closed form beside them.
#include <nlohmann/json.hpp>

#include "protocol/card/card_file.h"
#include "scenarios/data_files.h"
#include "scenarios/lab/analysis.h"
#include "scenarios/lab/commands.h"
#include "scenarios/lab/files.h"
#include "scenarios/lab/interrupt.h"
#include "scenarios/lab/overhead/points.h"
#include "scenarios/lab/scratch.h"
#include "scenarios/lab/transfers.h"
#include "scenarios/process.h"
#include "scenarios/program.h"

namespace kvferry {
namespace fs = std::filesystem;
namespace {

constexpr const char* kAnalysis = "analysis/overhead.py";
constexpr const char* kLoopback = "scenarios/loopback";
constexpr int kQueuePackets = 100'000;
constexpr int kIpUdpBytes = 28;
constexpr uint64_t kSeedsWithoutLoss = 2;  // what is left at random is a few bytes

void write_cards(const std::vector<OverheadPoint>& points, const fs::path& folder) {
  for (const auto& point : points) {
    const auto file = folder / point.card_name();
    if (!fs::exists(file)) check_or_fail(write_card_file(file, overhead_card(point)));
  }
}

uint64_t seeds_of(const OverheadPoint& point, const OverheadCommand& options) {
  return point.loss > 0 ? options.seeds : std::min(options.seeds, kSeedsWithoutLoss);
}

std::string plan_text(const OverheadPoint& point, const OverheadCommand& options) {
  TradeoffPlan plan;
  plan.seed = options.seed;
  plan.link = {point.rate_mbps, point.rtt_ms, point.loss, kQueuePackets};
  plan.max_datagram_bytes = point.mtu_bytes - kIpUdpBytes;
  std::vector<TransferOrder> orders;
  for (const auto& transport : point.transports()) {
    for (uint64_t i = 0; i < seeds_of(point, options); ++i)
      orders.push_back({transport + "/" + std::to_string(i), transport, point.card_name(), 0});
  }
  return write_sim_plan(plan, orders);
}

std::string line_of(const OverheadPoint& point, const Transfer& transfer) {
  const auto& wire = transfer.wire.classes;
  const nlohmann::ordered_json line = {{"world", "ns3"},
                                       {"transport", transfer.id.substr(4, transfer.id.find('/') - 4)},
                                       {"payload_bytes", point.payload_bytes},
                                       {"chunk_bytes", point.chunk_bytes},
                                       {"mtu_bytes", point.mtu_bytes},
                                       {"rate_mbps", point.rate_mbps},
                                       {"rtt_ms", point.rtt_ms},
                                       {"loss", point.loss},
                                       {"seed", transfer.seed},
                                       {"wire",
                                        {{"payload", wire.payload},
                                         {"framing", wire.framing},
                                         {"signalling", wire.signalling},
                                         {"acks", wire.acks},
                                         {"retransmitted", wire.retransmitted},
                                         {"fec", wire.fec},
                                         {"lower_layers", transfer.wire.lower_layers},
                                         {"total", transfer.wire.total}}},
                                       {"kvferry", KVFERRY_VERSION}};
  return line.dump() + "\n";
}

std::string simulated(const std::vector<OverheadPoint>& points, const OverheadCommand& options,
                      const fs::path& folder) {
  std::vector<std::string> plans;
  for (const auto& point : points) plans.push_back(plan_text(point, options));
  check_or_fail(run_simulators(plans, folder, options.jobs));
  std::string text;
  for (size_t i = 0; i < points.size(); ++i) {
    for (const auto& transfer : value_or_fail(read_transfers(folder / ("sim-" + std::to_string(i)))))
      text += line_of(points[i], transfer);
  }
  return text;
}

// The script writes lines of its own, which follow ours.
std::string real(const fs::path& folder, uint64_t runs) {
  const auto script = value_or_fail(find_data(kLoopback));
  const auto program = value_or_fail(find_program("kvferry"));
  const auto lines = folder / "real.jsonl";
  auto child = value_or_fail(ChildProcess::start(
      {script.string(), folder.string(), "--program", program.string(), "--runs", std::to_string(runs)},
      folder / "loopback.err", lines));
  check_or_fail(child.wait());
  return value_or_fail(read_text_file(lines));
}

}  // namespace

void run_overhead(const OverheadCommand& options) {
  (void)value_or_fail(find_data(kAnalysis));
  (void)value_or_fail(find_program("kvferry-sim"));
  const Scratch scratch(options.out);
  watch_interrupts();
  auto points = overhead_points();
  std::erase_if(points, [&](const auto& point) { return point.payload_bytes > options.largest_bytes; });
  write_cards(points, scratch.folder());
  auto text = simulated(points, options, scratch.folder());
  if (options.real) text += real(scratch.folder(), options.real_runs);
  check_or_fail(write_whole_file(scratch.folder() / "overhead.jsonl", text));
  run_analysis(kAnalysis,
               {(scratch.folder() / "overhead.jsonl").string(), "--out", scratch.folder().string()},
               scratch.folder());
  scratch.keep({"overhead.jsonl", "overhead.md", "overhead.png"});
}

}  // namespace kvferry
