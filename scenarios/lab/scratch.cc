// SPDX-License-Identifier: MIT
#include "scenarios/lab/scratch.h"

#include <stdlib.h>

#include "scenarios/program.h"

namespace kvferry {
namespace fs = std::filesystem;

Scratch::Scratch(fs::path out) : out_(fs::absolute(out).lexically_normal()) {
  if (out_.filename().empty()) out_ = out_.parent_path();
  std::error_code failed;
  if (fs::exists(out_, failed) && !fs::is_directory(out_, failed)) {
    throw Failure(out.string() + ": expected a folder for the results, found a file");
  }
  fs::create_directories(out_.parent_path(), failed);
  auto name = out_.string() + ".part-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) {
    throw Failure(out.string() + ": no folder can be made in " + out_.parent_path().string());
  }
  folder_ = name;
}

Scratch::~Scratch() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void Scratch::keep(const std::vector<std::string>& names) const {
  std::error_code failed;
  fs::create_directories(out_, failed);
  for (const auto& name : names) {
    if (!failed) fs::rename(folder_ / name, out_ / name, failed);
    if (failed) throw Failure((out_ / name).string() + ": " + failed.message());
  }
}

}  // namespace kvferry
