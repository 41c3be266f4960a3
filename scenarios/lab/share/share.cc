// SPDX-License-Identifier: MIT
#include "scenarios/lab/share/share.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "model/shipped_calibration.h"
#include "protocol/card/card_file.h"
#include "scenarios/data_files.h"
#include "scenarios/lab/analysis.h"
#include "scenarios/lab/files.h"
#include "scenarios/lab/interrupt.h"
#include "scenarios/lab/one_thread.h"
#include "scenarios/lab/parallel.h"
#include "scenarios/lab/progress.h"
#include "scenarios/lab/scratch.h"
#include "scenarios/lab/seeds.h"
#include "scenarios/lab/share/share_line.h"
#include "scenarios/lab/shipment.h"
#include "scenarios/lab/transfers.h"
#include "scenarios/program.h"

namespace kvferry {
namespace fs = std::filesystem;
namespace {

constexpr const char* kAnalysis = "analysis/share.py";

std::vector<Document> draw(const QuestionSet& set, const ShareOptions& options) {
  DocumentSpec spec = set.document;
  spec.facts = std::max(spec.facts, options.agents);
  if (options.words > 0) spec.words = options.words;
  std::vector<Document> drawn;
  for (int i = 0; i < options.documents; ++i) {
    Rng rng(derived_seed(options.seed, "share/" + set.name + std::to_string(i)));
    drawn.push_back(make_document(spec, rng));
    drawn.back().questions.resize(static_cast<size_t>(options.agents));
  }
  return drawn;
}

// Numbers of agents that a line is written for.
std::vector<size_t> fan_outs(int agents) {
  std::vector<size_t> out;
  for (const size_t n : {1, 2, 4, 8, 15, 24}) {
    if (n < static_cast<size_t>(agents)) out.push_back(n);
  }
  out.push_back(static_cast<size_t>(agents));
  return out;
}

// Every card that a run moves goes over the same link.
class Mover {
 public:
  Mover(const ShareOptions& options, fs::path folder) : options_(options), folder_(std::move(folder)) {
    plan_.name = "share";
    plan_.seed = options.seed;
    plan_.link = {options.rate_mbps, options.rtt_ms, 0, 1000};
    fs::create_directories(folder_ / "cards");
  }

  // Of a card that is sent; its number is its place in what move() returns.
  size_t add(const Card& card) {
    const auto number = orders_.size();
    const auto path = fs::path("cards") / (std::to_string(number) + ".card");
    Card alone = card;
    alone.manifest.base.reset();  // the simulated reader has nothing else
    check_or_fail(write_card_file(folder_ / path, alone));
    orders_.push_back({std::to_string(number), "ns3-" + options_.transport, path, card.file_bytes()});
    return number;
  }
  [[nodiscard]] std::vector<double> move() const {
    std::vector<double> seconds;
    for (const auto& transfer : value_or_fail(simulate(plan_, orders_, folder_, options_.jobs)))
      seconds.push_back(transfer.complete_s);
    return seconds;
  }

 private:
  const ShareOptions& options_;
  fs::path folder_;
  TradeoffPlan plan_;
  std::vector<TransferOrder> orders_;
};

// One question set: all strategies on all of its documents.
class Sitting {
 public:
  Sitting(const ShareOptions& options, const Reader& reader,
          std::shared_ptr<const LoadedCalibration> calibration, const QuestionSet& set, fs::path folder)
      : options_(options),
        reader_(reader),
        sharing_(reader, options.preset, std::move(calibration)),
        set_(set),
        mover_(options, std::move(folder)) {}

  void run() {
    documents_ = value_or_fail(read_asked(reader_, draw(set_, options_), options_.jobs));
    for (const auto& strategy : sharing_strategies()) {
      if (is_wanted(strategy)) runs_.push_back(empty_run(strategy));
    }
    share_all();
    move_all();
  }

  [[nodiscard]] std::string lines() const {
    std::string out;
    for (const auto& run : runs_) {
      for (const size_t agents : fan_outs(options_.agents)) out += to_json_line(run, agents);
    }
    return out;
  }

  // For whoever scores answers in another way.
  [[nodiscard]] std::string answers() const {
    std::string out;
    for (const auto& run : runs_) {
      for (size_t d = 0; d < documents_.size(); ++d) {
        for (size_t q = 0; q < documents_[d].questions.size(); ++q) {
          const auto& question = documents_[d].questions[q];
          const auto& agent = run.documents[d].agents[q];
          out += nlohmann::ordered_json{{"set", set_.name},
                                        {"strategy", to_string(run.strategy.way)},
                                        {"base", run.strategy.base},
                                        {"task", run.strategy.task},
                                        {"document", d},
                                        {"agent", q},
                                        {"question", question.text},
                                        {"gold", question.answer},
                                        {"answer", agent.answer},
                                        {"f1", agent.score.f1}}
                     .dump() +
                 "\n";
        }
      }
    }
    return out;
  }

 private:
  [[nodiscard]] bool is_wanted(const Strategy& strategy) const {
    return options_.only.empty() ||
           std::ranges::find(options_.only, to_string(strategy.way)) != options_.only.end();
  }

  [[nodiscard]] ShareRun empty_run(const Strategy& strategy) const {
    ShareRun run;
    run.model = options_.model;
    run.set = set_.name;
    run.strategy = strategy;
    run.documents.resize(documents_.size());
    run.transfers.resize(documents_.size());
    for (const auto& document : documents_) run.tokens.push_back(document.full.token_count());
    run.pipeline = options_.preset;
    run.transport = options_.transport;
    run.rate_mbps = options_.rate_mbps;
    run.rtt_ms = options_.rtt_ms;
    run.seed = options_.seed;
    run.model_weights = reader_.identity().weights.hex();
    run.libtorch = libtorch_version();
    return run;
  }

  void share_all() {
    const size_t count = runs_.size() * documents_.size();
    Progress progress("share " + set_.name, count);
    check_or_fail(for_each_index(count, options_.jobs, [&](size_t i) -> Result<void> {
      use_one_thread();
      ShareRun& run = runs_[i / documents_.size()];
      const size_t document = i % documents_.size();
      auto shared = sharing_.share(documents_[document], run.strategy);
      if (!shared) return shared.error().in(to_string(run.strategy.way));
      run.documents[document] = std::move(*shared);
      progress.step();
      return {};
    }));
  }

  // In the order in which move_all() asks for them again.
  template <typename Function>
  void for_each_card(const Function& function) {
    for (auto& run : runs_) {
      for (size_t d = 0; d < documents_.size(); ++d) {
        auto& transfers = run.transfers[d];
        transfers.own_s.resize(run.documents[d].agents.size());
        if (const auto& card = run.documents[d].card) function(*card, transfers.shared_s);
        for (size_t k = 0; k < transfers.own_s.size(); ++k) {
          if (const auto& card = run.documents[d].agents[k].card) function(*card, transfers.own_s[k]);
          if (run.strategy.way == SharingWay::kText)
            function(text_card(reader_.identity(), documents_[d].full, documents_[d].text),
                     transfers.own_s[k]);
        }
      }
    }
  }

  void move_all() {
    for_each_card([&](const Card& card, double&) { (void)mover_.add(card); });
    const auto seconds = mover_.move();
    size_t number = 0;
    for_each_card([&](const Card&, double& taken_s) { taken_s = seconds[number++]; });
  }

  const ShareOptions& options_;
  const Reader& reader_;
  Sharing sharing_;
  const QuestionSet& set_;
  std::vector<AskedDocument> documents_;
  std::vector<ShareRun> runs_;
  Mover mover_;
};

std::string command_of(const ShareOptions& options) {
  std::string command = "kvferry-lab share --model " + options.model + " --preset '" + options.preset +
                        "' --agents " + std::to_string(options.agents) + " --documents " +
                        std::to_string(options.documents) + " --seed " + std::to_string(options.seed);
  if (options.words > 0) command += " --words " + std::to_string(options.words);
  for (const auto& strategy : options.only) command += " --only '" + strategy + "'";
  return command + " --out " + options.out.string();
}

}  // namespace

void run_share(const ShareOptions& options) {
  use_one_thread();
  (void)value_or_fail(find_data(kAnalysis));
  if (const auto preset = parse_preset(options.preset); !preset)
    throw UsageError("--preset: " + preset.error().message);
  const Scratch scratch(options.out);
  watch_interrupts();
  const auto folder = value_or_fail(find_model(options.model));
  const auto reader = value_or_fail(Reader::open(folder));
  const auto calibration = value_or_fail(find_calibration("", folder));
  std::string lines, answers;
  for (const auto& set : question_sets()) {
    Sitting sitting(options, reader, calibration, set, scratch.folder() / set.name);
    sitting.run();
    lines += sitting.lines();
    answers += sitting.answers();
  }
  check_or_fail(write_whole_file(scratch.folder() / "share.jsonl", lines));
  check_or_fail(write_whole_file(scratch.folder() / "answers.jsonl", answers));
  run_analysis(kAnalysis,
               {(scratch.folder() / "share.jsonl").string(), "--out", scratch.folder().string(), "--command",
                command_of(options)},
               scratch.folder());
  scratch.keep({"share.jsonl", "answers.jsonl", "share.md", "share.png", "fan-out.jsonl"});
  std::printf("%s\n", (options.out / "share.md").c_str());
}

}  // namespace kvferry
