// SPDX-License-Identifier: MIT
//
// report: everything in a folder of results as one page, which analysis/ makes.
#include "scenarios/lab/analysis.h"
#include "scenarios/lab/commands.h"
#include "scenarios/lab/scratch.h"
#include "scenarios/program.h"

namespace kvferry {

void run_report(const ReportCommand& options) {
  if (!std::filesystem::is_directory(options.folder))
    throw Failure(options.folder.string() + ": expected a folder with results");
  const Scratch scratch(options.folder);
  run_analysis("analysis/report.py",
               {options.folder.string(), "--out", scratch.folder().string(), "--command",
                "kvferry-lab report " + options.folder.string()},
               scratch.folder());
  scratch.keep({"report.html"});
}

}  // namespace kvferry
