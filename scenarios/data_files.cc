// SPDX-License-Identifier: MIT
#include "scenarios/data_files.h"

#include <array>
#include <system_error>

namespace kvferry {
namespace fs = std::filesystem;
namespace {

std::array<fs::path, 2> roots() {
  const fs::path bin = program_file().parent_path();
  return {bin.parent_path() / "share" / "kvferry", bin.parent_path().parent_path().parent_path()};
}

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

}  // namespace

fs::path program_file() { return fs::read_symlink("/proc/self/exe"); }

Result<fs::path> find_program(const std::string& name) {
  fs::path file = program_file().parent_path() / name;
  if (is_there(file)) return file;
  return Error{"program " + name + " not found: expected " + file.string()};
}

Result<fs::path> find_data(const fs::path& relative) {
  const auto places = roots();
  for (const auto& root : places) {
    if (is_there(root / relative)) return root / relative;
  }
  return Error{relative.string() + " not found: expected " + (places[0] / relative).string() + " or " +
               (places[1] / relative).string()};
}

Result<fs::path> find_model(const std::string& name_or_folder) {
  std::error_code ignored;
  if (name_or_folder.find('/') == std::string::npos && !fs::is_directory(name_or_folder, ignored)) {
    auto shipped = find_data(fs::path("model/checkpoints") / name_or_folder);
    if (!shipped || name_or_folder.empty()) {
      return Error{"model '" + name_or_folder + "' is neither a folder here nor a shipped checkpoint" +
                   (shipped ? "" : " (" + shipped.error().message + ")")};
    }
    return shipped;
  }
  const fs::path config = fs::path(name_or_folder) / "config.json";
  if (is_there(config)) return fs::path(name_or_folder);
  return Error{config.string() + ": not found, expected a model folder in Hugging Face's layout"};
}

}  // namespace kvferry
