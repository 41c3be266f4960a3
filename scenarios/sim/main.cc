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

using CardsByPath = std::map<std::filesystem::path, std::shared_ptr<ChunkSource>>;

// Reads and verifies every card of the plan before anything is simulated.
CardsByPath load_cards(const SimPlan& plan, const std::string& plan_file) {
  CardsByPath cards;
  for (const auto& transfer : plan.transfers) {
    if (cards.contains(transfer.card)) continue;
    const auto where = plan_file + ": transfer '" + transfer.id + "': card";
    auto card = read_card_file(transfer.card);
    if (!card) throw Failure(card.error().in(where));
    if (auto verified = card->verify(); !verified) {
      throw Failure(verified.error().in(where + ": " + transfer.card.string()));
    }
    cards.emplace(transfer.card, std::make_shared<CardSource>(std::move(*card)));
  }
  return cards;
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

std::size_t run_all(const SimPlan& plan, const CardsByPath& cards, const Options& options) {
  auto results = value_or_fail(ResultsFolder::open(options.out));
  std::size_t arrived = 0;
  const Progress progress;
  for (std::size_t i = 0; i < plan.transfers.size(); ++i) {
    progress.show(i, plan);
    const auto& transfer = plan.transfers[i];
    const auto result = run_transfer(plan, transfer, cards.at(transfer.card));
    check_or_fail(results.add(transfer, result, options.chunks));
    arrived += result.ok;
  }
  check_or_fail(results.commit());
  return arrived;
}

int simulate(const Options& options) {
  const auto plan = value_or_fail(read_sim_plan(options.plan));
  const auto arrived = run_all(plan, load_cards(plan, options.plan), options);
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
