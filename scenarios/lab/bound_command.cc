// SPDX-License-Identifier: MIT
//
// bound: bits a coefficient of progressive cards against the Gaussian rate-distortion bound.
#include <cstdio>
#include <nlohmann/json.hpp>

#include "model/shipped_calibration.h"
#include "scenarios/data_files.h"
#include "scenarios/lab/commands.h"
#include "scenarios/lab/one_thread.h"
#include "scenarios/lab/rate_bound.h"
#include "scenarios/lab/tables/calibrations.h"
#include "scenarios/program.h"

namespace kvferry {

void run_bound(const BoundCommand& options) {
  use_one_thread();
  const auto folder = value_or_fail(find_model(options.model));
  const auto reader = value_or_fail(Reader::open(folder));
  const auto calibration = value_or_fail(find_calibration({}, folder));
  if (calibration == nullptr || !calibration->calibration.planes) {
    throw Failure(folder.string() + ": no calibration with bit planes beside the model, expected one");
  }
  for (const auto& set : question_sets()) {
    const auto documents = draw_documents(set, options.questions, options.seed);
    const auto caches = value_or_fail(read_caches(reader, documents));
    const auto points = value_or_fail(measure_rate(caches, *calibration, options.levels));
    if (!options.json) {
      std::printf("%s, %s: %zu documents\n%6s %10s %12s %8s %6s\n", options.model.c_str(), set.name.c_str(),
                  documents.size(), "level", "bits", "MSE", "bound", "gap");
    }
    for (const auto& point : points) {
      const double gap = point.bits - point.bound;
      if (options.json) {
        const nlohmann::ordered_json line = {{"model", options.model},
                                             {"set", set.name},
                                             {"level", point.level},
                                             {"bits", point.bits},
                                             {"mse", point.distortion},
                                             {"bound", point.bound},
                                             {"gap", gap}};
        std::printf("%s\n", line.dump().c_str());
      } else {
        std::printf("%6u %10.4f %12.4g %8.4f %6.3f\n", point.level, point.bits, point.distortion, point.bound,
                    gap);
      }
    }
  }
}

}  // namespace kvferry
