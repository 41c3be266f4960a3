// SPDX-License-Identifier: MIT
//
// train and score: models of our own.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "model/checkpoint.h"
#include "model/initialize.h"
#include "scenarios/data_files.h"
#include "scenarios/lab/commands.h"
#include "scenarios/lab/evaluate.h"
#include "scenarios/lab/files.h"
#include "scenarios/lab/one_thread.h"
#include "scenarios/lab/progress.h"
#include "scenarios/lab/recipe.h"
#include "scenarios/program.h"

namespace kvferry {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kReportEvery = 25;
constexpr int kSaveEvery = 100;
constexpr uint64_t kScoreSeed = 0x5c04e5;  // far from the seeds of recipes

Json to_json(const TaskScore& score) {
  return {{"documents", score.documents},
          {"facts", score.task.document.facts},
          {"words", score.task.document.words},
          {"paraphrased", score.task.document.paraphrased},
          {"n_questions", score.n_questions},
          {"f1", score.f1},
          {"em", score.exact_match}};
}

void print_score(const TaskScore& score) {
  const auto& d = score.task.document;
  std::printf("%5d facts %5d words %-12s %4d questions   F1 %.3f   EM %.3f\n", d.facts, d.words,
              d.paraphrased ? "paraphrased" : "plain", score.n_questions, score.f1, score.exact_match);
  std::fflush(stdout);
}

// About how many positions a document and a question take, at most.
int64_t longest(const DocumentSpec& spec) { return std::max(spec.words, 12 * spec.facts) + 48; }

// Tasks that are too long for the model are left out.
std::vector<TaskScore> score_all(const Reader& reader, uint64_t seed, int jobs, bool print) {
  std::vector<TaskScore> scores;
  Progress progress("score", print ? 0 : score_tasks().size());
  for (const auto& task : score_tasks()) {
    if (longest(task.document) > reader.config().max_positions) continue;
    scores.push_back(value_or_fail(score_reader(reader, task, kScoreSeed ^ seed, jobs)));
    progress.step();
    if (print) print_score(scores.back());
  }
  return scores;
}

void print_progress(const TrainingProgress& p) {
  std::printf("step %5d of %d   stage %d   loss %.4f   answers right %.3f   %.2f s/step\n", p.step,
              p.total_steps, p.stage, p.loss, p.answers_right, p.seconds_per_step);
  std::fflush(stdout);
}

void write_record(const TrainOptions& options, const TrainingRecipe& recipe, double seconds,
                  const std::vector<TaskScore>& scores) {
  Json record = {{"command", options.command_line},
                 {"recipe", value_or_fail(read_text_file(options.recipe))},
                 {"seed", recipe.seed},
                 {"libtorch", libtorch_version()},
                 {"steps", recipe.total_steps()},
                 {"seconds", seconds},
                 {"scores", Json::array()}};
  for (const auto& score : scores) record["scores"].push_back(to_json(score));
  check_or_fail(write_whole_file(options.out / "training.json", record.dump(2) + "\n"));
}

}  // namespace

void run_train(const TrainOptions& options) {
  use_one_thread();
  const auto tokenizer = make_document_tokenizer();
  const auto recipe = value_or_fail(read_recipe(options.recipe, tokenizer));
  if (!options.overwrite && std::filesystem::exists(options.out / "model.safetensors")) {
    throw Failure(options.out.string() + ": holds a model already, expected an empty folder or --overwrite");
  }
  auto weights = initialize_weights(recipe.shape, recipe.seed);
  const auto started = std::chrono::steady_clock::now();
  train(recipe, tokenizer, weights, kReportEvery, [&](const TrainingProgress& progress) {
    print_progress(progress);
    if (progress.step % kSaveEvery != 0 && progress.step != progress.total_steps) return;
    check_or_fail(write_checkpoint(options.out, recipe.shape, weights, tokenizer));
  });
  const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  const auto reader = value_or_fail(Reader::open(options.out));
  write_record(options, recipe, seconds, score_all(reader, 0, 1, true));
}

void run_score(const ScoreOptions& options) {
  use_one_thread();
  const auto reader = value_or_fail(Reader::open(value_or_fail(find_model(options.model))));
  const auto scores = score_all(reader, options.seed, options.jobs, !options.json);
  if (!options.json) return;
  Json list = Json::array();
  for (const auto& score : scores) list.push_back(to_json(score));
  const Json all = {{"model", options.model}, {"seed", options.seed}, {"scores", list}};
  std::printf("%s\n", all.dump().c_str());
}

}  // namespace kvferry
