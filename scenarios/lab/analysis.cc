// SPDX-License-Identifier: MIT
#include "scenarios/lab/analysis.h"

#include <cstdio>

#include "scenarios/data_files.h"
#include "scenarios/process.h"
#include "scenarios/program.h"

namespace kvferry {
namespace fs = std::filesystem;
namespace {

// Debian's own interpreter is the one that has Debian's matplotlib.
std::string python() { return fs::exists("/usr/bin/python3") ? "/usr/bin/python3" : "python3"; }

}  // namespace

void run_analysis(const fs::path& script, const std::vector<std::string>& arguments, const fs::path& folder) {
  std::fflush(stdout);
  std::vector<std::string> command = {python(), value_or_fail(find_data(script)).string()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  auto child = value_or_fail(ChildProcess::start(std::move(command), folder / "analysis.err"));
  check_or_fail(child.wait());
}

}  // namespace kvferry
