// SPDX-License-Identifier: MIT
//
// A folder for work in progress beside the one where results go: either all results move there, or nothing
// is left behind.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace kvferry {

class Scratch {
 public:
  // Throws Failure where `out` cannot be a folder.
  explicit Scratch(std::filesystem::path out);
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

  // Moves these files into `out`, which is made if need be.
  void keep(const std::vector<std::string>& names) const;

 private:
  std::filesystem::path out_, folder_;
};

}  // namespace kvferry
