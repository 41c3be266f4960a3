// SPDX-License-Identifier: MIT
#include "scenarios/lab/update/update.h"

#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "model/shipped_calibration.h"
#include "scenarios/data_files.h"
#include "scenarios/lab/analysis.h"
#include "scenarios/lab/files.h"
#include "scenarios/lab/interrupt.h"
#include "scenarios/lab/one_thread.h"
#include "scenarios/lab/parallel.h"
#include "scenarios/lab/progress.h"
#include "scenarios/lab/scratch.h"
#include "scenarios/lab/seeds.h"
#include "scenarios/lab/update/updating.h"
#include "scenarios/program.h"

namespace kvferry {
namespace fs = std::filesystem;
namespace {

constexpr const char* kAnalysis = "analysis/update.py";
constexpr DocumentSpec kDocument{.facts = 16, .words = 512, .paraphrased = true};
constexpr DocumentSpec kParagraph{.facts = 4, .words = 64, .paraphrased = true};
constexpr size_t kQuestions = 8;
constexpr std::array<Edit, 7> kEdits = {{{EditKind::kInsert, 1},
                                         {EditKind::kInsert, 0.75},
                                         {EditKind::kInsert, 0.5},
                                         {EditKind::kInsert, 0.25},
                                         {EditKind::kInsert, 0},
                                         {EditKind::kReplace, 0.5},
                                         {EditKind::kDelete, 0.5}}};
constexpr std::array kPresets = {"transform=rope | quant=int4", "transform=rope | quant=int4:group",
                                 "transform=rope | quant=int8", "ferry"};

struct Case {
  Edit edit;
  std::string preset;
  UpdateWay way;
  UpdateSums sums = {};
};

std::vector<Case> list_cases() {
  std::vector<Case> cases;
  for (const auto& edit : kEdits) {
    for (const char* preset : kPresets) {
      for (const auto way : {UpdateWay::kAll, UpdateWay::kExact, UpdateWay::kMoved, UpdateWay::kStale}) {
        const bool at_end = edit.kind == EditKind::kInsert && edit.place == 1;
        const bool has_suffix = way == UpdateWay::kMoved || way == UpdateWay::kStale;
        if (at_end && has_suffix) continue;
        if (way == UpdateWay::kStale && std::string(preset) != kPresets[0]) continue;
        cases.push_back({edit, preset, way});
      }
    }
  }
  return cases;
}

EditedDocument draw(const UpdateOptions& options, int index, const Edit& how) {
  Rng rng(derived_seed(options.seed, "update" + std::to_string(index)));
  auto document = make_document(kDocument, rng);
  auto paragraph = make_document(kParagraph, rng);
  document.questions.resize(kQuestions);
  return edit(document, paragraph, how);
}

std::string to_json_line(const Case& one, const UpdateOptions& options, const Reader& reader) {
  const auto& s = one.sums;
  const auto tokens = static_cast<double>(s.fidelity.tokens);
  const nlohmann::ordered_json line = {
      {"table", "update"},
      {"model", options.model},
      {"edit", to_string(one.edit.kind)},
      {"place", one.edit.place},
      {"preset", one.preset},
      {"way", to_string(one.way)},
      {"tokens", s.tokens / s.changes},
      {"new_tokens", s.new_tokens / s.changes},
      {"card_bytes", s.full_bytes / s.changes},
      {"sent_bytes", s.sent_bytes / s.changes},
      {"sent_share", s.sent_bytes / s.full_bytes},
      {"token_share", s.new_tokens / s.tokens},
      {"flops_share", s.flops / s.full_flops},
      {"f1_old", s.old_f1 / s.old_questions},
      {"f1_new", s.new_questions > 0 ? nlohmann::ordered_json(s.new_f1 / s.new_questions) : nullptr},
      {"kl", s.fidelity.kl_sum / tokens},
      {"top1", static_cast<double>(s.fidelity.top1_agree) / tokens},
      {"n_documents", options.documents},
      {"seed", options.seed},
      {"model_weights", reader.identity().weights.hex()},
      {"versions", {{"kvferry", kProgramVersion}, {"libtorch", libtorch_version()}}}};
  return line.dump() + "\n";
}

void measure(const UpdateOptions& options, const Reader& reader,
             const std::shared_ptr<const LoadedCalibration>& calibration, std::vector<Case>& cases) {
  const auto documents = static_cast<size_t>(options.documents);
  std::vector<UpdateSums> sums(cases.size() * documents);
  Progress progress("update", sums.size());
  check_or_fail(for_each_index(sums.size(), options.jobs, [&](size_t i) -> Result<void> {
    use_one_thread();
    const Case& one = cases[i / documents];
    const auto preset = parse_preset(one.preset);
    if (!preset) return preset.error();
    const auto document = draw(options, static_cast<int>(i % documents), one.edit);
    auto measured = Updating(reader, *preset, calibration).update(document, one.way);
    if (!measured) return measured.error().in(one.preset);
    sums[i] = *measured;
    progress.step();
    return {};
  }));
  for (size_t i = 0; i < sums.size(); ++i) cases[i / documents].sums += sums[i];
}

}  // namespace

void run_update(const UpdateOptions& options) {
  use_one_thread();
  (void)value_or_fail(find_data(kAnalysis));
  const Scratch scratch(options.out);
  watch_interrupts();
  const auto folder = value_or_fail(find_model(options.model));
  const auto reader = value_or_fail(Reader::open(folder));
  auto cases = list_cases();
  measure(options, reader, value_or_fail(find_calibration("", folder)), cases);
  std::string lines;
  for (const auto& one : cases) lines += to_json_line(one, options, reader);
  check_or_fail(write_whole_file(scratch.folder() / "update.jsonl", lines));
  run_analysis(
      kAnalysis,
      {(scratch.folder() / "update.jsonl").string(), "--out", scratch.folder().string(), "--command",
       "kvferry-lab update --model " + options.model + " --documents " + std::to_string(options.documents) +
           " --seed " + std::to_string(options.seed) + " --out " + options.out.string()},
      scratch.folder());
  scratch.keep({"update.jsonl", "update.md"});
  std::printf("%s\n", (options.out / "update.md").c_str());
}

}  // namespace kvferry
