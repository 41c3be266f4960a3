// SPDX-License-Identifier: MIT
//
// Where shipped models, plans and scripts are, seen from any folder. They keep
// their paths in the repository ("model/checkpoints/small") under one of two
// roots, tried in this order: ../share/kvferry beside an installed program, and
// three levels above a program in build/X/bin.
#pragma once

#include <filesystem>
#include <string>

#include "protocol/base/result.h"

namespace kvferry {

// This program's own file, links resolved.
[[nodiscard]] std::filesystem::path program_file();

// Another program of ours in the same folder. The error names where it was looked for.
[[nodiscard]] Result<std::filesystem::path> find_program(const std::string& name);

// A shipped file or folder by its path in the repository. The error names both places.
[[nodiscard]] Result<std::filesystem::path> find_data(const std::filesystem::path& relative);

// A model's folder. A name with a slash, or that of a folder that is there, is taken as it is and must hold a
// config.json; any other is the name of a shipped checkpoint. The error names what was looked for.
[[nodiscard]] Result<std::filesystem::path> find_model(const std::string& name_or_folder);

}  // namespace kvferry
