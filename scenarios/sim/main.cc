// SPDX-License-Identifier: GPL-2.0-only
//
// kvferry-sim PLAN.toml --out DIR: moves cards over simulated links and writes
// what arrived and when.
#include <unistd.h>

#include <map>

#include "protocol/card/card_file.h"
#include "scenarios/command_line.h"
#include "scenarios/sim/results.h"

namespace {

using namespace kvferry;
using namespace kvferry::sim;

struct Options {
  std::string plan;
  std::string out;
  bool json = false;
  bool chunks = false;
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

// On a terminal one line that is written again and again; in a pipe nothing.
class Progress {
 public:
  void show(std::size_t done, const SimPlan& plan) const {
    if (!terminal_) return;
    std::fprintf(stderr, "\r\033[K[%zu/%zu] %s", done + 1, plan.transfers.size(),
                 plan.transfers[done].id.c_str());
    std::fflush(stderr);
  }
  ~Progress() {
    if (terminal_) std::fputs("\r\033[K", stderr);
  }

 private:
  bool terminal_ = isatty(STDERR_FILENO) != 0;
};

std::size_t run_all(const SimPlan& plan, const Loaded& loaded, const Options& options) {
  auto results = value_or_fail(ResultsFolder::open(options.out));
  std::size_t arrived = 0;
  const Progress progress;
  const auto note = [&](const TransferPlan& transfer, bool ok, const auto& result) {
    check_or_fail(results.add(transfer, result, options.chunks));
    arrived += ok;
  };
  for (std::size_t i = 0; i < plan.transfers.size(); ++i) {
    progress.show(i, plan);
    const auto& transfer = plan.transfers[i];
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

int simulate(const Options& options) {
  const auto plan = value_or_fail(read_sim_plan(options.plan));
  const auto arrived = run_all(plan, load(plan, options.plan), options);
  const auto lines = (std::filesystem::path(options.out) / "transfers.jsonl").string();
  if (options.json) {
    std::printf("%s\n", summary_json(plan.transfers.size(), arrived, lines).c_str());
  } else {
    std::printf("%zu of %zu transfers arrived; results in %s\n", arrived, plan.transfers.size(),
                lines.c_str());
  }
  return kExitSuccess;
}

int run(int argc, char** argv) {
  CLI::App app("Moves cards over simulated links (ns-3) and writes what arrived and when.", "kvferry-sim");
  Options options;
  app.add_option("PLAN", options.plan, "what to simulate, a TOML file")->required();
  app.add_option("--out", options.out, "folder for transfers.jsonl and arrived/*.card")->required();
  app.add_flag("--json", options.json, "print one JSON object");
  app.add_flag("--chunks", options.chunks, "write each chunk's arrival into transfers.jsonl");
  if (const auto status = parse_command_line(app, argc, argv)) return *status;
  return simulate(options);
}

}  // namespace

int main(int argc, char** argv) {
  return run_program("kvferry-sim", [&] { return run(argc, argv); });
}
