// SPDX-License-Identifier: MIT
//
// kvferry-lab: the laboratory. Trains models, makes cards by hand, and measures what compression does to
// answers and to time.
#include <algorithm>
#include <thread>

#include "scenarios/command_line.h"
#include "scenarios/lab/adapt/adapt.h"
#include "scenarios/lab/commands.h"
#include "scenarios/lab/share/share.h"
#include "scenarios/lab/share/strategy.h"
#include "scenarios/lab/tables/tables.h"
#include "scenarios/lab/tradeoff.h"
#include "scenarios/lab/update/update.h"

namespace kvferry {
namespace {

const char* const kModelHelp = "a shipped model's name (small, large) or a folder in Hugging Face's layout";

const char* const kCalibrationHelp = "a .calibration file; without it, the one beside the model";

struct Options {
  TradeoffOptions tradeoff;
  ShareOptions share;
  TablesOptions tables;
  UpdateOptions update;
  TrainOptions train;
  ScoreOptions score;
  ProfileOptions profile;
  EncodeCommand encode;
  DecodeCommand decode;
  AskCommand ask;
  CalibrateCommand calibrate;
  BoundCommand bound;
  AdaptOptions adapt;
  BreakevenCommand breakeven;
  OverheadCommand overhead;
  ReportCommand report;
  bool presets_json = false;
};

void add_json(CLI::App* command, bool& json) {
  command->add_flag("--json", json, "print one machine-readable object");
}

void add_jobs(CLI::App* command, int& jobs) {
  jobs = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  command->add_option("--jobs", jobs, "threads and processes at a time")->check(CLI::Range(1, 256));
}

void add_experiments(CLI::App& app, Options& o) {
  auto* tradeoff = app.add_subcommand("tradeoff", "measure accuracy, bytes and time of presets over a link");
  tradeoff->add_option("PLAN", o.tradeoff.plan, "a plan, such as scenarios/edge-link.toml")->required();
  tradeoff->add_option("--out", o.tradeoff.out, "folder for results.jsonl, tradeoff.png and report.html")
      ->required();
  add_jobs(tradeoff, o.tradeoff.jobs);
  add_json(tradeoff, o.tradeoff.json);
  tradeoff->callback([&o] { run_tradeoff(o.tradeoff); });

  auto* tables = app.add_subcommand("tables", "compare every method on the same caches, byte for byte");
  tables->add_option("--out", o.tables.out, "folder for tables.jsonl, index.md and each table")->required();
  tables->add_option("--only", o.tables.only, "these tables")->check(CLI::IsMember(table_names()));
  tables->add_option("--model", o.tables.models, "these models; without it, small and large");
  tables->add_option("--questions", o.tables.questions, "of each question set, at least")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  tables->add_option("--seed", o.tables.seed, "of documents, random selection and resampling");
  add_jobs(tables, o.tables.jobs);
  tables->callback([&o] { run_tables(o.tables); });

  auto* share = app.add_subcommand("share", "many agents, one document: what a base and refinements save");
  share->add_option("--out", o.share.out, "folder for share.jsonl, answers.jsonl, share.md and share.png")
      ->required();
  share->add_option("--model", o.share.model, "a shipped model's name, or its folder")->capture_default_str();
  share->add_option("--preset", o.share.preset, "how cards are coded: stages without a selection")
      ->capture_default_str();
  share->add_option("--agents", o.share.agents, "each asks a question of its own")
      ->check(CLI::Range(1, 64))
      ->capture_default_str();
  share->add_option("--documents", o.share.documents, "of each question set")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  share->add_option("--words", o.share.words, "of each document; without it 256 and 1,024")
      ->check(CLI::Range(32, 3000));
  share->add_option("--only", o.share.only, "these strategies")->check(CLI::IsMember(sharing_names()));
  share->add_option("--transport", o.share.transport, "what carries the cards in simulation")
      ->check(CLI::IsMember({"tcp", "udp", "quic"}))
      ->capture_default_str();
  share->add_option("--rate-mbps", o.share.rate_mbps, "of each agent's link")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  share->add_option("--rtt-ms", o.share.rtt_ms, "of each agent's link")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  share->add_option("--seed", o.share.seed, "of documents and resampling");
  add_jobs(share, o.share.jobs);
  share->callback([&o] { run_share(o.share); });

  auto* update = app.add_subcommand("update", "a document that grows or changes: what a delta saves");
  update->add_option("--out", o.update.out, "folder for update.jsonl and update.md")->required();
  update->add_option("--model", o.update.model, "a shipped model's name, or its folder")
      ->capture_default_str();
  update->add_option("--documents", o.update.documents, "that change in every way")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  update->add_option("--seed", o.update.seed, "of documents");
  add_jobs(update, o.update.jobs);
  update->callback([&o] { run_update(o.update); });

  auto* bound =
      app.add_subcommand("bound", "bits of progressive cards against the Gaussian rate-distortion bound");
  bound->add_option("--model", o.bound.model, kModelHelp)->required();
  bound->add_option("--levels", o.bound.levels, "bit planes")
      ->check(CLI::Range(1, 24))
      ->capture_default_str();
  bound->add_option("--seed", o.bound.seed, "of documents");
  add_json(bound, o.bound.json);
  bound->callback([&o] { run_bound(o.bound); });

  auto* profile = app.add_subcommand("profile", "measure how fast this device runs a model and the codec");
  profile->add_option("--model", o.profile.model, kModelHelp)->required();
  profile->add_option("--out", o.profile.out, "the profile's file; without it, standard output");
  profile->callback([&o] { run_profile(o.profile); });
}

void add_adaptation(CLI::App& app, Options& o) {
  auto* adapt =
      app.add_subcommand("adapt", "compare policies of rate control on links that change, by deadlines");
  adapt->add_option("--out", o.adapt.out, "folder for results.jsonl, adapt.md and pictures")->required();
  adapt->add_option("--model", o.adapt.model, kModelHelp)->capture_default_str();
  adapt->add_option("--profile", o.adapt.profile, "whose codec and prefill times count")
      ->capture_default_str();
  adapt->add_option("--traces", o.adapt.traces,
                    "a folder of recorded links (*.down, *.up), mahimahi's format");
  adapt->add_option("--link", o.adapt.only, "these links; without it, all");
  adapt->add_option("--policy", o.adapt.policies, "these policies")->capture_default_str();
  adapt->add_option("--deadline", o.adapt.deadlines, "times what FP16 would take at the link's mean rate")
      ->check(CLI::Range(0.0001, 100.0))
      ->capture_default_str();
  adapt->add_option("--offsets", o.adapt.offsets, "places in each trace to begin at")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  adapt->add_option("--documents", o.adapt.documents, "in the bundle")
      ->check(CLI::Range(1, 16))
      ->capture_default_str();
  adapt->add_option("--words", o.adapt.words, "of each document, about")
      ->check(CLI::Range(64, 1024))
      ->capture_default_str();
  adapt->add_flag("--no-text{false}", o.adapt.text,
                  "do not try what the words instead of the cache would do");
  adapt->add_option("--seed", o.adapt.seed, "of documents, links and offsets")->capture_default_str();
  add_jobs(adapt, o.adapt.jobs);
  adapt->callback([&o] { run_adapt(o.adapt); });

  auto* breakeven = app.add_subcommand("breakeven", "where compression costs more time than it saves");
  breakeven->add_option("--model", o.breakeven.model, kModelHelp)->capture_default_str();
  breakeven->add_option("--seed", o.breakeven.seed, "of documents")->capture_default_str();
  add_json(breakeven, o.breakeven.json);
  breakeven->callback([&o] { run_breakeven(o.breakeven); });
}

void add_analysis(CLI::App& app, Options& o) {
  auto* overhead = app.add_subcommand(
      "overhead", "bytes of headers, messages and repetitions, measured and in closed form");
  overhead->add_option("--out", o.overhead.out, "folder for overhead.jsonl, overhead.md and overhead.png")
      ->required();
  overhead->add_option("--seeds", o.overhead.seeds, "of each transfer that loses packets")
      ->check(CLI::Range(1, 10'000))
      ->capture_default_str();
  overhead->add_option("--seed", o.overhead.seed, "of losses")->capture_default_str();
  overhead->add_flag("--real", o.overhead.real, "real programs and sockets on this machine, too");
  overhead->add_option("--runs", o.overhead.real_runs, "of each of those")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  overhead->add_option("--largest", o.overhead.largest_bytes, "leave larger cards out, bytes")
      ->check(CLI::Range(4096, 1 << 30))
      ->capture_default_str();
  add_jobs(overhead, o.overhead.jobs);
  overhead->callback([&o] { run_overhead(o.overhead); });

  auto* report = app.add_subcommand("report", "one page of all results in a folder");
  report->add_option("DIR", o.report.folder, "where tradeoff, adapt, tables or overhead left their results")
      ->required();
  report->callback([&o] { run_report(o.report); });
}

void add_training(CLI::App& app, Options& o) {
  auto* train = app.add_subcommand("train", "train a model from a recipe, and score it");
  train->add_option("RECIPE", o.train.recipe, "such as model/recipes/small.toml")->required();
  train->add_option("--out", o.train.out, "the model's folder")->required();
  train->add_flag("--overwrite", o.train.overwrite, "replace a model that is there");
  train->callback([&o] { run_train(o.train); });

  auto* score = app.add_subcommand("score", "answer questions about fresh documents from the cache");
  score->add_option("--model", o.score.model, kModelHelp)->required();
  score->add_option("--seed", o.score.seed, "draws other documents");
  add_jobs(score, o.score.jobs);
  add_json(score, o.score.json);
  score->callback([&o] { run_score(o.score); });
}

void add_cards(CLI::App& app, Options& o) {
  auto* encode = app.add_subcommand("encode", "read a document and make a card of its cache");
  encode->add_option("--document", o.encode.document, "a text file")->required();
  encode->add_option("--model", o.encode.model, kModelHelp)->required();
  encode->add_option("--preset", o.encode.preset, "a name (see presets) or a pipeline")->required();
  encode->add_option("--question", o.encode.question, "what query-aware selection looks at");
  encode->add_option("--questions", o.encode.questions,
                     "a file of questions, one a line, that stand for any; else some are made from names");
  encode->add_flag(
      "--probe", o.encode.probe,
      "measure the divergence from the full cache on --questions, else --question, and record it");
  encode->add_option("--calibration", o.encode.calibration, kCalibrationHelp);
  encode->add_option("--seed", o.encode.seed, "of random selection");
  encode->add_option("--out", o.encode.out, "the card's file")->required();
  add_json(encode, o.encode.json);
  encode->callback([&o] { run_encode(o.encode); });

  auto* decode = app.add_subcommand("decode", "turn a card back into K, V and positions of each layer");
  decode->add_option("CARD", o.decode.card, "a .card file")->required();
  decode->add_option("--model", o.decode.model, kModelHelp)->required();
  decode->add_option("--out", o.decode.out, "a .safetensors file")->required();
  decode->add_option("--calibration", o.decode.calibration, kCalibrationHelp);
  add_json(decode, o.decode.json);
  decode->callback([&o] { run_decode(o.decode); });

  auto* ask = app.add_subcommand("ask", "answer a question from a card alone");
  ask->add_option("CARD", o.ask.card, "a .card file")->required();
  ask->add_option("QUESTION", o.ask.question, "such as 'where does bako live ?'")->required();
  ask->add_option("--model", o.ask.model, kModelHelp)->required();
  ask->add_option("--calibration", o.ask.calibration, kCalibrationHelp);
  ask->add_option("--max-kl", o.ask.max_kl, "refuse a card that measured more, in nats a token")
      ->check(CLI::NonNegativeNumber);
  ask->add_option("--min-top1", o.ask.min_top1, "refuse a card that measured less agreement, 0 to 1")
      ->check(CLI::Range(0.0, 1.0));
  add_json(ask, o.ask.json);
  ask->callback([&o] { run_ask(o.ask); });

  auto* calibrate = app.add_subcommand(
      "calibrate", "measure what a model's caches have in common, for presets that need it");
  calibrate->add_option("--model", o.calibrate.model, kModelHelp)->required();
  calibrate->add_option("--preset", o.calibrate.presets,
                        "whose symbol tables to make; without it, all named");
  calibrate->add_option("--seed", o.calibrate.seed, "draws other documents to measure on");
  calibrate->add_option("--out", o.calibrate.out, "the calibration's file")->required();
  add_json(calibrate, o.calibrate.json);
  calibrate->callback([&o] { run_calibrate(o.calibrate); });

  auto* presets = app.add_subcommand("presets", "list the named presets");
  add_json(presets, o.presets_json);
  presets->callback([&o] { run_presets(o.presets_json); });
}

int run(int argc, char** argv) {
  CLI::App app("The laboratory of kvferry: models, cards and experiments.", "kvferry-lab");
  app.require_subcommand(1);
  Options options;
  for (int i = 0; i < argc; ++i) {
    options.train.command_line += i == 0 ? "kvferry-lab" : std::string(" ") + argv[i];
  }
  add_experiments(app, options);
  add_adaptation(app, options);
  add_analysis(app, options);
  add_training(app, options);
  add_cards(app, options);
  return parse_command_line(app, argc, argv).value_or(kExitSuccess);
}

}  // namespace
}  // namespace kvferry

int main(int argc, char** argv) {
  return kvferry::run_program("kvferry-lab", [&] { return kvferry::run(argc, argv); });
}
