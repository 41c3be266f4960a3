// SPDX-License-Identifier: MIT
#include "scenarios/lab/transfers.h"

#include <algorithm>
#include <fstream>
#include <list>
#include <nlohmann/json.hpp>
#include <numeric>
#include <sstream>
#include <thread>

#include "scenarios/data_files.h"
#include "scenarios/lab/interrupt.h"
#include "scenarios/lab/progress.h"
#include "scenarios/process.h"

namespace kvferry {
namespace fs = std::filesystem;
namespace {

using nlohmann::json;

// The shortest text that reads back as the same number, with a point.
std::string toml_number(double value) { return json(value).dump(); }

WireBytes parse_wire(const json& wire) {
  WireBytes out;
  wire.at("payload").get_to(out.classes.payload);
  wire.at("framing").get_to(out.classes.framing);
  wire.at("signalling").get_to(out.classes.signalling);
  wire.at("acks").get_to(out.classes.acks);
  wire.at("retransmitted").get_to(out.classes.retransmitted);
  wire.at("fec").get_to(out.classes.fec);
  wire.at("lower_layers").get_to(out.lower_layers);
  wire.at("total").get_to(out.total);
  return out;
}

Result<Transfer> parse_transfer(const json& line, const fs::path& folder) {
  Transfer out;
  line.at("id").get_to(out.id);
  if (!line.at("ok").get<bool>()) {
    return Error{"transfer " + out.id + " did not succeed: " + line.at("reason").get<std::string>()};
  }
  line.at("seed").get_to(out.seed);
  line.at("card").get_to(out.card_digest);
  line.at("time_s").at("complete").get_to(out.complete_s);
  line.at("time_s").at("confirmed").get_to(out.confirmed_s);
  out.wire = parse_wire(line.at("wire"));
  line.at("device_bytes").get_to(out.device_bytes);
  line.at("retransmissions").get_to(out.retransmissions);
  out.arrived = folder / line.at("arrived").get<std::string>();
  return out;
}

// Shares the orders out so that each part has about as many bytes.
std::vector<std::vector<TransferOrder>> share_out(const std::vector<TransferOrder>& orders, size_t parts) {
  std::vector<size_t> by_size(orders.size());
  std::iota(by_size.begin(), by_size.end(), 0);
  std::stable_sort(by_size.begin(), by_size.end(),
                   [&](size_t a, size_t b) { return orders[a].card_bytes > orders[b].card_bytes; });
  std::vector<std::vector<TransferOrder>> shares(parts);
  std::vector<uint64_t> load(parts, 0);
  for (const auto i : by_size) {
    const auto lightest = static_cast<size_t>(std::min_element(load.begin(), load.end()) - load.begin());
    shares[lightest].push_back(orders[i]);
    load[lightest] += orders[i].card_bytes + 2000;
  }
  std::erase_if(shares, [](const auto& share) { return share.empty(); });
  return shares;
}

Result<ChildProcess> start_simulator(const std::string& plan_text, const fs::path& folder,
                                     const std::string& name) {
  const auto program = find_program("kvferry-sim");
  if (!program) return program.error();
  const auto plan_file = folder / (name + ".toml");
  std::ofstream out(plan_file);
  out << plan_text;
  if (!out.flush()) return Error{plan_file.string() + ": cannot be written"};
  return ChildProcess::start({program->string(), plan_file.string(), "--out", (folder / name).string()},
                             folder / (name + ".err"), "/dev/null");
}

Result<std::vector<Transfer>> in_order(const std::vector<TransferOrder>& orders,
                                       std::vector<Transfer> transfers) {
  std::vector<Transfer> sorted;
  for (const auto& order : orders) {
    const auto it =
        std::find_if(transfers.begin(), transfers.end(), [&](const auto& t) { return t.id == order.id; });
    if (it == transfers.end())
      return Error{"kvferry-sim: transfer " + order.id + " is missing from its results"};
    sorted.push_back(*it);
  }
  return sorted;
}

}  // namespace

std::string write_sim_plan(const TradeoffPlan& plan, const std::vector<TransferOrder>& orders) {
  std::ostringstream out;
  out << "seed = " << plan.seed << "\n\n[link]\n"
      << "rate_mbps = " << toml_number(plan.link.rate_mbps) << "\nrtt_ms = " << toml_number(plan.link.rtt_ms)
      << "\nloss = " << toml_number(plan.link.loss) << "\nqueue_packets = " << plan.link.queue_packets
      << "\n\n[tcp]\ncongestion = \"" << plan.tcp_congestion << "\"\n\n[udp]\ncongestion = \""
      << plan.udp_congestion << "\"\nmax_datagram_bytes = " << plan.max_datagram_bytes << "\n";
  for (const auto& order : orders) {
    out << "\n[[transfer]]\nid = \"" << order.id << "\"\ncard = \"" << order.card.string()
        << "\"\ntransport = \"" << order.transport << "\"\n";
  }
  return out.str();
}

Result<std::vector<Transfer>> read_transfers(const fs::path& folder) {
  const auto file = folder / "transfers.jsonl";
  std::ifstream in(file);
  if (!in) return Error{file.string() + ": cannot be opened"};
  std::vector<Transfer> transfers;
  for (std::string line; std::getline(in, line);) {
    const auto where = file.string() + ":" + std::to_string(transfers.size() + 1);
    try {
      auto transfer = parse_transfer(json::parse(line), folder);
      if (!transfer) return transfer.error();
      transfers.push_back(std::move(*transfer));
    } catch (const json::exception& error) {
      return Error{where + ": expected a transfer's line: " + error.what()};
    }
  }
  return transfers;
}

Result<void> run_simulators(const std::vector<std::string>& plans, const fs::path& folder, int jobs) {
  Progress progress("simulate", plans.size());
  std::list<ChildProcess> running;
  const auto reap = [&]() -> Result<void> {
    for (auto child = running.begin(); child != running.end();) {
      if (child->is_running()) {
        ++child;
        continue;
      }
      if (auto done = child->wait(); !done) return done;
      child = running.erase(child);
      progress.step();
    }
    return {};
  };
  for (size_t next = 0; next < plans.size() || !running.empty();) {
    if (interrupted()) return Error{"interrupted"};
    if (auto done = reap(); !done) return done;
    if (next < plans.size() && running.size() < static_cast<size_t>(jobs)) {
      auto child = start_simulator(plans[next], folder, "sim-" + std::to_string(next));
      if (!child) return child.error();
      running.push_back(std::move(*child));
      ++next;
      continue;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    progress.show();
  }
  return {};
}

Result<std::vector<Transfer>> simulate(const TradeoffPlan& plan, const std::vector<TransferOrder>& orders,
                                       const fs::path& folder, int jobs) {
  std::vector<std::string> plans;
  for (const auto& share : share_out(orders, static_cast<size_t>(jobs)))
    plans.push_back(write_sim_plan(plan, share));
  if (auto done = run_simulators(plans, folder, jobs); !done) return done.error();
  std::vector<Transfer> transfers;
  for (size_t i = 0; i < plans.size(); ++i) {
    auto part = read_transfers(folder / ("sim-" + std::to_string(i)));
    if (!part) return part.error();
    transfers.insert(transfers.end(), part->begin(), part->end());
  }
  return in_order(orders, std::move(transfers));
}

}  // namespace kvferry
