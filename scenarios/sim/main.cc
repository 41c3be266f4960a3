// SPDX-License-Identifier: GPL-2.0-only
//
// kvferry-sim PLAN.toml --out DIR: moves cards over simulated links and networks and writes what arrived and
// when.
#include <map>
#include <thread>

#include "protocol/card/card_file.h"
#include "scenarios/command_line.h"
#include "scenarios/data_files.h"
#include "scenarios/sim/network_command.h"
#include "scenarios/sim/network_plan.h"
#include "scenarios/sim/progress.h"
#include "scenarios/sim/results.h"

namespace {

using namespace kvferry;
using namespace kvferry::sim;

struct Options {
  std::string plan;
  std::string out;
  bool json = false;
  bool chunks = false;
  std::size_t jobs = 0;  // 0: as many as there are cores
};

// Cards by path, read and verified once.
class Shelf {
 public:
  std::shared_ptr<ChunkSource> open(const std::filesystem::path& path, const std::string& where) {
    auto& source = sources_[path];
    if (source) return source;
    auto card = read_card_file(path);
    if (!card) throw Failure(card.error().in(where));
    if (auto verified = card->verify(); !verified)
      throw Failure(verified.error().in(where + ": " + path.string()));
    return source = std::make_shared<CardSource>(std::move(*card));
  }

 private:
  std::map<std::filesystem::path, std::shared_ptr<ChunkSource>> sources_;
};

LoadedJob load_job(const JobPlan& plan, Shelf& shelf, const std::string& where) {
  LoadedJob out;
  for (const auto& planned : plan.segments) {
    Segment& segment = out.job.segments.emplace_back();
    segment.document = planned.document;
    auto& cards = out.cards.emplace_back();
    for (const auto& encoding : planned.encodings) {
      cards.push_back(shelf.open(encoding.card, where + ": '" + planned.document + "': card"));
      segment.encodings.push_back(encoding_of(cards.back()->manifest(), from_seconds(encoding.decode_s)));
      segment.encodings.back().preset = encoding.preset;
      if (encoding.quality) segment.encodings.back().quality = *encoding.quality;
    }
  }
  return out;
}

// All that a plan moves, before anything is simulated.
struct Loaded {
  std::vector<std::shared_ptr<ChunkSource>> cards;  // by transfer; null for a job's
  std::vector<LoadedJob> jobs;
};

Loaded load(const SimPlan& plan, const std::string& plan_file) {
  Loaded loaded;
  Shelf shelf;
  for (const auto& job : plan.jobs)
    loaded.jobs.push_back(load_job(job, shelf, plan_file + ": job '" + job.id + "'"));
  for (const auto& transfer : plan.transfers) {
    const auto where = plan_file + ": transfer '" + transfer.id + "': card";
    loaded.cards.push_back(transfer.job ? nullptr : shelf.open(transfer.card, where));
  }
  return loaded;
}

std::size_t run_all(const SimPlan& plan, const Loaded& loaded, const Options& options) {
  auto results = value_or_fail(ResultsFolder::open(options.out));
  std::size_t arrived = 0;
  const Progress progress;
  const auto note = [&](const TransferPlan& transfer, bool ok, const auto& result) {
    check_or_fail(results.add(transfer, result, options.chunks));
    arrived += ok;
  };
  for (std::size_t i = 0; i < plan.transfers.size(); ++i) {
    const auto& transfer = plan.transfers[i];
    progress.show(i, plan.transfers.size(), transfer.id);
    if (transfer.job) {
      const auto result = run_job(plan, transfer, loaded.jobs[*transfer.job], options.chunks);
      note(transfer, result.reason.empty(), result);
    } else {
      const auto result = run_transfer(plan, transfer, loaded.cards[i]);
      note(transfer, result.ok, result);
    }
  }
  check_or_fail(results.commit());
  return arrived;
}

void print_summary(const Options& options, const char* what, std::size_t count, const char* how,
                   std::size_t good, const char* lines_name) {
  const auto lines = (std::filesystem::path(options.out) / lines_name).string();
  if (options.json) {
    std::printf("%s\n", summary_json(what, count, how, good, lines).c_str());
  } else {
    std::printf("%zu of %zu %s %s; results in %s\n", good, count, what, how, lines.c_str());
  }
}

int simulate_transfers(const Options& options) {
  if (options.jobs > 0) throw UsageError("--jobs is for plans with a [network]");
  const auto plan = value_or_fail(read_sim_plan(options.plan));
  const auto arrived = run_all(plan, load(plan, options.plan), options);
  print_summary(options, "transfers", plan.transfers.size(), "arrived", arrived, "transfers.jsonl");
  return kExitSuccess;
}

int simulate_network(const Options& options) {
  if (options.chunks) throw UsageError("--chunks is for plans with transfers");
  const std::size_t cores = std::max(std::thread::hardware_concurrency(), 1U);
  const auto count = value_or_fail(
      simulate_network_plan(options.plan, options.out, options.jobs > 0 ? options.jobs : cores));
  print_summary(options, "runs", count.runs, "arrived", count.ok, "runs.jsonl");
  return kExitSuccess;
}

// A file, or a shipped plan by its path in the repository.
std::string find_plan(const std::string& plan) {
  std::error_code ignored;
  if (std::filesystem::exists(plan, ignored)) return plan;
  const auto shipped = find_data(plan);
  return shipped ? shipped->string() : plan;
}

int run(int argc, char** argv) {
  CLI::App app("Moves cards over simulated links (ns-3) and writes what arrived and when.", "kvferry-sim");
  Options options;
  app.add_option("PLAN", options.plan, "what to simulate, a TOML file")->required();
  app.add_option("--out", options.out, "folder for results")->required();
  app.add_flag("--json", options.json, "print one JSON object");
  app.add_flag("--chunks", options.chunks, "write each chunk's arrival into transfers.jsonl");
  app.add_option("--jobs", options.jobs, "processes at a time [as many as cores]")
      ->check(CLI::Range(1, 1024));
  if (const auto status = parse_command_line(app, argc, argv)) return *status;
  options.plan = find_plan(options.plan);
  return value_or_fail(is_network_plan(options.plan)) ? simulate_network(options)
                                                      : simulate_transfers(options);
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("kvferry-sim", [&] { return run(argc, argv); });
}
