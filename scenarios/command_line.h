// SPDX-License-Identifier: MIT
//
// CLI11 as our programs use it: --help and --version succeed on stdout, anything
// wrong is one line and exit status 2. Include it in one file per program.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>
#include <string>

#include "scenarios/program.h"

namespace kvferry {

// Parses the command line. An exit status means that all is done (help was printed); nothing means go on.
// Throws UsageError.
[[nodiscard]] inline std::optional<int> parse_command_line(CLI::App& app, int argc, char** argv) {
  app.set_version_flag("--version", std::string(kProgramVersion));
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
    return kExitSuccess;
  } catch (const CLI::CallForAllHelp&) {
    std::fputs(app.help("", CLI::AppFormatMode::All).c_str(), stdout);
    return kExitSuccess;
  } catch (const CLI::CallForVersion&) {
    std::printf("%s %s\n", app.get_name().c_str(), kProgramVersion);
    return kExitSuccess;
  } catch (const CLI::ParseError& error) {
    throw UsageError(std::string(error.what()) + " (try --help)");
  }
  return std::nullopt;
}

}  // namespace kvferry
