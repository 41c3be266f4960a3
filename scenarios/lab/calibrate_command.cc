// SPDX-License-Identifier: MIT
//
// calibrate: what a model's caches have in common, measured once and shipped with the model.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "codec/calibration/calibration.h"
#include "scenarios/data_files.h"
#include "scenarios/lab/commands.h"
#include "scenarios/lab/files.h"
#include "scenarios/lab/one_thread.h"
#include "scenarios/lab/tables/calibrations.h"
#include "scenarios/program.h"

namespace kvferry {
namespace {

std::vector<Preset> presets_of(const std::vector<std::string>& texts) {
  std::vector<Preset> presets;
  for (const auto& text : texts) presets.push_back(value_or_fail(parse_preset(text)));
  if (!presets.empty()) return presets;
  for (const auto& named : named_presets()) presets.push_back(value_or_fail(parse_preset(named.pipeline)));
  return presets;
}

}  // namespace

void run_calibrate(const CalibrateCommand& options) {
  use_one_thread();
  const auto presets = presets_of(options.presets);
  const auto reader = value_or_fail(Reader::open(value_or_fail(find_model(options.model))));
  const auto made = value_or_fail(calibrate_for(reader, question_sets().back(), presets, options.seed));
  const auto bytes = made->calibration.serialize();
  check_or_fail(write_whole_file(options.out, std::string(bytes.begin(), bytes.end())));
  if (options.json) {
    const nlohmann::ordered_json line = {{"calibration", options.out.string()},
                                         {"digest", made->digest.hex()},
                                         {"bytes", bytes.size()},
                                         {"pipelines", made->calibration.pipelines.size()}};
    std::printf("%s\n", line.dump().c_str());
    return;
  }
  std::printf("%s: %zu bytes, symbol tables of %zu pipelines\n  %s\n", options.out.c_str(), bytes.size(),
              made->calibration.pipelines.size(), made->digest.hex().c_str());
}

}  // namespace kvferry
