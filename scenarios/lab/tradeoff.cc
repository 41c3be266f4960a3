// SPDX-License-Identifier: MIT
#include "scenarios/lab/tradeoff.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
#include <tuple>

#include "codec/decoder.h"
#include "model/shipped_calibration.h"
#include "protocol/card/card_file.h"
#include "scenarios/data_files.h"
#include "scenarios/lab/analysis.h"
#include "scenarios/lab/evaluate.h"
#include "scenarios/lab/one_thread.h"
#include "scenarios/lab/parallel.h"
#include "scenarios/lab/progress.h"
#include "scenarios/lab/scratch.h"
#include "scenarios/lab/shipment.h"
#include "scenarios/program.h"

namespace kvferry {
namespace fs = std::filesystem;
namespace {

constexpr const char* kAnalysis = "analysis/tradeoff.py";

// Everything that one run holds; filled step by step.
struct Run {
  TradeoffPlan plan;
  Reader reader;
  std::shared_ptr<const LoadedCalibration> calibration;
  std::vector<ReadDocument> documents;
  std::vector<Shipment> shipments;
  std::vector<Transfer> transfers;  // of shipment s over transport t at [s · transports + t]
  std::vector<Quality> qualities;   // of each shipment

  [[nodiscard]] const Transfer& transfer(size_t shipment, size_t transport) const {
    return transfers[shipment * plan.transports.size() + transport];
  }
};

std::vector<TransferOrder> order_transfers(const Run& run, const fs::path& folder) {
  std::vector<TransferOrder> orders;
  for (const auto& shipment : run.shipments) {
    for (const auto& transport : run.plan.transports) {
      orders.push_back({shipment.id + "/" + transport, transport, shipment.travels.lexically_relative(folder),
                        shipment.facts.card_bytes});
    }
  }
  return orders;
}

bool is_text_of(const Shipment& shipment, size_t document) {
  return shipment.document == document && !shipment.preset;
}

std::span<const Question> questions_of(const Run& run, const Shipment& shipment) {
  const std::span<const Question> all = run.documents[shipment.document].questions;
  return shipment.question ? all.subspan(*shipment.question, 1) : all;
}

// What a receiver answers from.
struct Arrived {
  KvCache cache;
  Reading reading;
};

// Every transport delivered this very card; what was decoded from the first is what all receivers hold.
Result<Arrived> decode_arrived(const Run& run, size_t index) {
  const auto& shipment = run.shipments[index];
  Arrived arrived;
  if (!shipment.preset) arrived.cache = run.documents[shipment.document].cache;
  for (size_t t = 0; t < run.plan.transports.size(); ++t) {
    const auto& transfer = run.transfer(index, t);
    const auto card = read_card_file(transfer.arrived);
    if (!card) return card.error();
    if (auto verified = card->verify(); !verified) return verified.error().in(transfer.arrived.string());
    if (card->digest().hex() != shipment.digest)
      return Error{transfer.id + ": another card arrived than was sent"};
    if (t > 0 || !shipment.preset) continue;
    const auto own = run.plan.shape_model ? read_card_file(shipment.card) : card;
    if (!own) return own.error();
    auto cache = decode(*own, {.limits = {}, .calibration = run.calibration});
    if (!cache) return cache.error().in(transfer.id);
    arrived.cache = std::move(*cache);
    arrived.reading.summary = own->manifest.summary;
  }
  return arrived;
}

void evaluate_arrivals(Run& run, int jobs) {
  Progress progress("answer from what arrived", run.shipments.size());
  run.qualities.resize(run.shipments.size());
  check_or_fail(for_each_index(run.shipments.size(), jobs, [&](size_t i) -> Result<void> {
    use_one_thread();
    const auto arrived = decode_arrived(run, i);
    if (!arrived) return arrived.error();
    const auto& shipment = run.shipments[i];
    progress.step();
    if (!shipment.preset && (shipment.repeat > 0 || !run.plan.include_text)) return {};
    auto quality = evaluate_cache(run.reader, run.documents[shipment.document].cache, arrived->cache,
                                  questions_of(run, shipment), arrived->reading);
    if (!quality) return quality.error().in(shipment.id);
    run.qualities[i] = *quality;
    return {};
  }));
}

// Means over the text's repeated transfers.
TextOption text_option(const Run& run, size_t document, size_t transport, const Quality& quality) {
  TextOption text;
  double wire_total = 0, transfer_s = 0;
  uint64_t tokens = 0;
  for (size_t i = 0; i < run.shipments.size(); ++i) {
    if (!is_text_of(run.shipments[i], document)) continue;
    const auto& transfer = run.transfer(i, transport);
    text.card_bytes = run.shipments[i].facts.card_bytes;
    tokens = run.shipments[i].facts.tokens;
    wire_total += static_cast<double>(transfer.wire.total) / kTextRepeats;
    transfer_s += transfer.complete_s / kTextRepeats;
  }
  text.wire_total = static_cast<uint64_t>(std::llround(wire_total));
  text.time_s = text_times(run.plan.profile, tokens, quality, transfer_s);
  return text;
}

RunLine make_line(const Run& run, size_t index, size_t transport) {
  const auto& shipment = run.shipments[index];
  const auto& profile = run.plan.profile;
  RunLine line;
  line.plan = &run.plan;
  line.transport = run.plan.transports[transport];
  line.document = shipment.document;
  line.question = shipment.question;
  line.model_weights = run.reader.identity().weights.hex();
  line.libtorch = libtorch_version();
  line.card = shipment.facts;
  line.transfer = run.transfer(index, transport);
  line.quality = run.qualities[index - static_cast<size_t>(shipment.repeat)];
  line.text = text_option(run, shipment.document, transport, line.quality);
  const auto tokens = shipment.facts.tokens;
  if (shipment.preset) {
    line.time_s = card_times(profile, shipment.facts, line.quality, line.transfer.complete_s);
    line.text.break_even_prefill = break_even_prefill(tokens, line.time_s, line.text.time_s);
  } else {
    line.time_s = text_times(profile, tokens, line.quality, line.transfer.complete_s);
  }
  return line;
}

// Lines in the plan's order of presets (the text last), then transports, documents, questions.
std::string make_results(const Run& run) {
  std::map<std::tuple<size_t, size_t, size_t>, std::string> lines;
  for (size_t i = 0; i < run.shipments.size(); ++i) {
    const auto& shipment = run.shipments[i];
    if (!shipment.preset && !run.plan.include_text) continue;
    const auto preset = shipment.preset.value_or(run.plan.presets.size());
    for (size_t t = 0; t < run.plan.transports.size(); ++t) {
      lines[{preset, t, i}] = to_json_line(make_line(run, i, t));
    }
  }
  std::string text;
  for (const auto& [place, line] : lines) text += line;
  return text;
}

void write_file(const fs::path& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary);
  out << text;
  if (!out.flush()) throw Failure(file.string() + ": cannot be written");
}

// Draws the picture and the report, and prints the table.
void analyse(const TradeoffOptions& options, const fs::path& plan, const fs::path& folder) {
  std::vector<std::string> arguments = {
      (folder / "results.jsonl").string(),
      "--out",
      folder.string(),
      "--plan",
      plan.string(),
      "--command",
      "kvferry-lab tradeoff " + options.plan.string() + " --out " + options.out.string()};
  if (options.json) arguments.emplace_back("--json");
  run_analysis(kAnalysis, arguments, folder);
}

fs::path find_plan(const fs::path& plan) {
  std::error_code ignored;
  if (fs::exists(plan, ignored)) return plan;
  const auto shipped = find_data(plan);
  return shipped ? *shipped : plan;
}

}  // namespace

void run_tradeoff(const TradeoffOptions& options) {
  auto plan = value_or_fail(read_plan(find_plan(options.plan)));
  (void)value_or_fail(find_data(kAnalysis));
  (void)value_or_fail(find_program("kvferry-sim"));
  use_one_thread();
  const auto folder = value_or_fail(find_model(plan.model));
  auto reader = value_or_fail(Reader::open(folder));
  auto calibration = value_or_fail(find_calibration({}, folder));
  const Scratch scratch(options.out);
  watch_interrupts();
  Run run{std::move(plan), std::move(reader), std::move(calibration), {}, {}, {}, {}};
  run.documents = value_or_fail(read_documents(run.plan, run.reader, options.jobs));
  run.shipments = value_or_fail(
      encode_shipments(run.plan, run.reader, run.documents, run.calibration, scratch.folder(), options.jobs));
  run.transfers = value_or_fail(
      simulate(run.plan, order_transfers(run, scratch.folder()), scratch.folder(), options.jobs));
  evaluate_arrivals(run, options.jobs);
  write_file(scratch.folder() / "results.jsonl", make_results(run));
  analyse(options, run.plan.file, scratch.folder());
  scratch.keep({"results.jsonl", "tradeoff.png", "report.html"});
}

}  // namespace kvferry
