// SPDX-License-Identifier: MIT
#include "scenarios/lab/tables/tables.h"

#include <algorithm>
#include <cstdio>

#include "scenarios/data_files.h"
#include "scenarios/lab/analysis.h"
#include "scenarios/lab/files.h"
#include "scenarios/lab/interrupt.h"
#include "scenarios/lab/one_thread.h"
#include "scenarios/lab/scratch.h"
#include "scenarios/lab/shipment.h"
#include "scenarios/lab/tables/calibrations.h"
#include "scenarios/lab/tables/energy.h"
#include "scenarios/lab/tables/line.h"
#include "scenarios/program.h"

namespace kvferry {
namespace fs = std::filesystem;
namespace {

const std::vector<std::string> kShipped = {"small", "large"};
constexpr const char* kVariants = "model/checkpoints/variants";

// A table's rows for one model.
struct Wanted {
  std::string_view table;
  std::vector<TableRow> rows;
};

bool is_wanted(const TablesOptions& options, std::string_view table) {
  return options.only.empty() || std::ranges::find(options.only, table) != options.only.end();
}

// Models whose caches `model` may be sent: the other shipped ones; of the small one also its variants.
std::vector<std::string> senders_of(const std::string& model) {
  std::vector<std::string> others;
  std::ranges::copy_if(kShipped, std::back_inserter(others), [&](const auto& one) { return one != model; });
  const auto variants = find_data(kVariants);
  if (!variants || model != kShipped.front()) return others;
  for (const auto& entry : fs::directory_iterator(*variants)) {
    if (entry.is_directory()) others.push_back(entry.path().string());
  }
  std::sort(others.begin() + 1, others.end());
  return others;
}

std::vector<Wanted> list_wanted(const TablesOptions& options, const TableSubject& subject) {
  std::vector<Wanted> wanted;
  for (const auto& spec : table_specs()) {
    if (is_wanted(options, spec.name)) wanted.push_back({spec.name, spec.rows(subject)});
  }
  return wanted;
}

// The full FP16 card first: it is what all others are held against.
std::vector<Treatment> list_treatments(const std::vector<Wanted>& wanted) {
  std::vector<Treatment> treatments = {{}};
  for (const auto& table : wanted) {
    for (const auto& row : table.rows) treatments.push_back(row.treatment);
  }
  return treatments;
}

std::vector<Preset> presets_of(const std::vector<Treatment>& treatments) {
  std::vector<Preset> presets;
  for (const auto& treatment : treatments) {
    presets.push_back(value_or_fail(parse_preset(treatment.pipeline)));
  }
  return presets;
}

// A lossless card must change nothing at all.
void check_fp16(const Measured& measured, const std::string& where) {
  const auto summary = summarise(measured, 0);
  if (summary.kl == 0 && summary.top1 == 1) return;
  char text[160];
  std::snprintf(text, sizeof text, "the fp16 card diverges: KL %g nats, top-1 %g, expected exactly 0 and 1",
                summary.kl, summary.top1);
  throw Failure(where + ": " + text);
}

// One model on one question set.
class Sitting {
 public:
  Sitting(const TablesOptions& options, const Reader& reader, fs::path model, const QuestionSet& set,
          fs::path folder)
      : options_(options),
        reader_(reader),
        model_(std::move(model)),
        name_(model_.filename().string()),
        set_(set),
        drawn_(draw_documents(set, options.questions, options.seed)),
        senders_(reader, set, std::move(folder), options.seed) {}

  // Lines of all wanted tables, each table's in its own string.
  std::vector<std::string> run() {
    documents_ = value_or_fail(read_asked(reader_, drawn_, options_.jobs));
    const auto geometry = reader_.geometry();
    TableSubject subject{model_.string(), geometry.layers, geometry.channels(), senders_of(name_), {}};
    if (is_wanted(options_, "sensitivity")) subject.sensitivity = measure_sensitivity();
    const auto wanted = list_wanted(options_, subject);
    const auto treatments = list_treatments(wanted);
    prepare_senders(treatments);
    const Treater treater(reader_, documents_, senders_, make_calibration(treatments), options_.seed);
    const auto measured = value_or_fail(measure(reader_, treater, documents_, treatments, options_.jobs));
    check_fp16(measured.at({}), name_ + ", " + set_.name);
    std::vector<std::string> tables;
    for (const auto& table : wanted) tables.push_back(write_lines(table, measured));
    return tables;
  }

 private:
  [[nodiscard]] std::vector<float> measure_sensitivity() const {
    const auto caches = value_or_fail(read_caches(reader_, draw_calibration_documents(set_, options_.seed)));
    const auto calibration = value_or_fail(calibrate_reader(reader_, caches, 1));
    std::vector<float> sensitivity;
    for (const auto& layer : calibration.layers) sensitivity.push_back(layer.sensitivity);
    return sensitivity;
  }

  // None where no preset needs one.
  [[nodiscard]] std::shared_ptr<const LoadedCalibration> make_calibration(
      const std::vector<Treatment>& treatments) const {
    const auto presets = presets_of(treatments);
    if (std::ranges::none_of(presets, &Preset::needs_calibration)) return nullptr;
    return value_or_fail(calibrate_for(reader_, set_, presets, options_.seed));
  }

  void prepare_senders(const std::vector<Treatment>& treatments) {
    std::vector<SenderKey> keys;
    for (const auto& treatment : treatments) {
      if (treatment.way == Way::kForeign) keys.push_back(treatment.sender);
    }
    check_or_fail(senders_.prepare(keys, drawn_, options_.jobs));
  }

  [[nodiscard]] std::string write_lines(const Wanted& table,
                                        const std::map<Treatment, Measured>& measured) const {
    std::string lines;
    const auto energy = table.table == "svd" ? spectrum_energy(documents_) : std::vector<double>();
    for (const auto& row : table.rows) {
      const auto& treatment = row.treatment;
      TableLine line{std::string(table.table), name_, set_.name, row, {}, options_.seed, {}, {}, {}, {}};
      line.summary = summarise(measured.at(treatment), options_.seed);
      line.model_weights = reader_.identity().weights.hex();
      line.libtorch = libtorch_version();
      if (!energy.empty()) line.energy = energy.at(std::min(static_cast<size_t>(row.x), energy.size() - 1));
      if (treatment.way == Way::kForeign) line.sender_f1 = senders_.at(treatment.sender).own_f1;
      lines += to_json_line(line);
    }
    return lines;
  }

  const TablesOptions& options_;
  const Reader& reader_;
  fs::path model_;  // its folder
  std::string name_;
  const QuestionSet& set_;
  std::vector<Document> drawn_;
  std::vector<AskedDocument> documents_;
  Senders senders_;
};

void analyse(const TablesOptions& options, const fs::path& folder) {
  run_analysis("analysis/tables.py",
               {(folder / "tables.jsonl").string(), "--out", folder.string(), "--command",
                "kvferry-lab tables --out " + options.out.string()},
               folder);
}

}  // namespace

std::vector<std::string> table_names() {
  std::vector<std::string> names;
  for (const auto& spec : table_specs()) names.emplace_back(spec.name);
  return names;
}

void run_tables(const TablesOptions& options) {
  use_one_thread();
  (void)value_or_fail(find_data("analysis/tables.py"));
  const Scratch scratch(options.out);
  watch_interrupts();
  std::map<size_t, std::string> lines;  // by table, then model and set
  for (const auto& model : options.models.empty() ? kShipped : options.models) {
    const auto folder = value_or_fail(find_model(model));
    const auto reader = value_or_fail(Reader::open(folder));
    for (const auto& set : question_sets()) {
      const auto tables = Sitting(options, reader, folder, set, scratch.folder()).run();
      for (size_t i = 0; i < tables.size(); ++i) lines[i] += tables[i];
    }
  }
  std::string text;
  for (const auto& [table, part] : lines) text += part;
  check_or_fail(write_whole_file(scratch.folder() / "tables.jsonl", text));
  analyse(options, scratch.folder());
  std::vector<std::string> files = {"tables.jsonl", "index.md"};
  for (const auto& name : table_names()) {
    if (!is_wanted(options, name)) continue;
    for (const char* ending : {".md", ".csv", ".png"}) files.push_back(name + ending);
  }
  scratch.keep(files);
  std::printf("%s\n", (options.out / "index.md").c_str());
}

}  // namespace kvferry
