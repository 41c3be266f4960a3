// SPDX-License-Identifier: MIT
//
// The scripts of analysis/, which turn results into tables and pictures.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace kvferry {

// Runs a script, named by its path in the repository, in Debian's own Python. Its standard error goes to a
// file in `folder`, whose last line is in the Failure that is thrown where the script fails.
void run_analysis(const std::filesystem::path& script, const std::vector<std::string>& arguments,
                  const std::filesystem::path& folder);

}  // namespace kvferry
