// SPDX-License-Identifier: MIT
//
// One progressive card cut at many budgets, beside every card that serves all questions.
#include <array>

#include "scenarios/lab/tables/rows.h"

namespace kvferry {
namespace {

// Shares of the FP16 cache.
constexpr std::array kBudgets = {0.0015, 0.002, 0.003, 0.004, 0.006, 0.008, 0.01, 0.015, 0.02,
                                 0.03,   0.04,  0.06,  0.08,  0.12,  0.16,  0.25, 0.35,  0.5};

// Ours at steps that no name has, so that the rivals are as dense as they can be.
constexpr std::array kCoarser = {
    "transform=rope+pca | quant=bins12:tensor | entropy=rans:static",
    "transform=rope+pca | quant=bins10:tensor | entropy=rans:static",
    "transform=rope+pca | quant=bins8:tensor | entropy=rans:static",
    "transform=rope+pca | quant=bins6:tensor | entropy=rans:static",
    "transform=rope+pca | quant=bins4:tensor | entropy=rans:static",
    "transform=rope+pca | quant=pca:0.5 | entropy=zstd",
    "transform=rope+pca | quant=pca:0.25 | entropy=zstd",
    "transform=rope+pca | quant=int8:sym:tensor | entropy=rans:static",
    "transform=rope | quant=int6 | entropy=rans:static",
    "transform=rope | quant=int8 | entropy=rans:static",
};

}  // namespace

Rows progressive_table(const TableSubject&) {
  auto out = begin(1);
  for (const double budget : kBudgets) {
    add(out, "progressive", percent(budget), budget, "progressive");
    out.back().treatment.budget = budget;
  }
  for (const double budget : {0.002, 0.003, 0.004, 0.006, 0.01, 0.02}) {
    add(out, "without delays", percent(budget), budget,
        "transform=rope+metric | quant=planes:16 | entropy=rans:context");
    out.back().treatment.budget = budget;
  }
  for (const auto& preset : named_presets()) {
    if (preset.name == "progressive" || preset.name == "fp16" || preset.name == "task-aware") continue;
    add(out, "named", std::string(preset.name), 0, std::string(preset.name));
  }
  for (const char* pipeline : kCoarser) add(out, "other steps", pipeline, 0, pipeline);
  return out;
}

}  // namespace kvferry
