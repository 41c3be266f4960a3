// SPDX-License-Identifier: GPL-2.0-only
#include "scenarios/sim/gathering.h"

#include <unistd.h>

#include <system_error>
#include <utility>

namespace kvferry::sim {
namespace fs = std::filesystem;
namespace {

Error failed(const fs::path& path, const std::string& doing, const std::error_code& why) {
  return {path.string() + ": cannot " + doing + ": " + why.message()};
}

}  // namespace

Result<Gathering> Gathering::open(const fs::path& folder) {
  Gathering out;
  std::error_code failure;
  out.folder_ = folder;
  out.made_folder_ = fs::create_directories(folder, failure);
  if (failure) return failed(folder, "make the folder", failure);
  const auto gathering = folder / (".gathering-" + std::to_string(getpid()));
  fs::create_directories(gathering, failure);
  if (failure) return failed(folder, "write into the folder", failure);
  out.gathering_ = gathering;
  return out;
}

Gathering::Gathering(Gathering&& other) noexcept
    : folder_(std::move(other.folder_)),
      gathering_(std::exchange(other.gathering_, {})),
      made_folder_(std::exchange(other.made_folder_, false)) {}

Gathering::~Gathering() {
  std::error_code ignored;
  if (!gathering_.empty()) fs::remove_all(gathering_, ignored);
  if (made_folder_) fs::remove(folder_, ignored);  // only if it is empty
}

Result<void> Gathering::make_folder(const std::string& name) const {
  std::error_code failure;
  fs::create_directories(gathering_ / name, failure);
  if (failure) return failed(folder_, "write into the folder", failure);
  return {};
}

Result<void> Gathering::commit(const std::vector<std::string>& names) {
  std::error_code failure;
  for (auto name = names.rbegin(); name != names.rend() && !failure; ++name)
    fs::remove_all(folder_ / *name, failure);
  for (const auto& name : names) {
    if (!failure && fs::exists(gathering_ / name)) fs::rename(gathering_ / name, folder_ / name, failure);
  }
  if (failure) return failed(folder_, "put the results in place", failure);
  made_folder_ = false;
  return {};
}

Error Gathering::cannot_write(const std::string& name) const {
  return {(folder_ / name).string() + ": cannot write: disk full or not writable"};
}

}  // namespace kvferry::sim
