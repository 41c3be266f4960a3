// SPDX-License-Identifier: MIT
//
// Figures that an experiment of the source tree measures, with our programs as processes: it prints them as
// JSON lines.
#pragma once

#include <string>
#include <vector>

#include "scenarios/kvferry/bench/figure.h"

namespace kvferry::bench {

struct Script {
  std::string name;                    // all its figures begin so
  std::string file;                    // in the repository
  std::vector<std::string> arguments;  // behind the programs' folder and --json
};

// repeats: of the link's figures; memory is measured once.
[[nodiscard]] std::vector<Script> all_scripts(int repeats);

struct Measured {
  std::vector<Line> lines;
  std::string skipped;  // why there are none: it cannot be tried here
};
// The error: it cannot be started, failed (its own last line), or printed something else.
[[nodiscard]] Result<Measured> run_script(const Script& script);

}  // namespace kvferry::bench
