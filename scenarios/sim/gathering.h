// SPDX-License-Identifier: GPL-2.0-only
//
// An output folder that gets its results all at once: they are gathered in a hidden folder inside, so that a
// failure leaves what was there before.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "protocol/base/result.h"

namespace kvferry::sim {

class Gathering {
 public:
  // Makes the folder if it is not there.
  [[nodiscard]] static Result<Gathering> open(const std::filesystem::path& folder);
  ~Gathering();  // without commit(): removes what was gathered, and the folder if it was made for it
  Gathering(Gathering&& other) noexcept;
  Gathering& operator=(Gathering&&) = delete;

  // A file's or folder's place while it is being gathered.
  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const { return gathering_ / name; }
  [[nodiscard]] Result<void> make_folder(const std::string& name) const;
  // Puts these in place, in this order, the one that says that results are there last. Of those that were
  // not gathered, what was in the folder by that name goes.
  [[nodiscard]] Result<void> commit(const std::vector<std::string>& names);
  // That a file of this name could not be written.
  [[nodiscard]] Error cannot_write(const std::string& name) const;

 private:
  Gathering() = default;

  std::filesystem::path folder_;
  std::filesystem::path gathering_;  // empty: nothing to remove
  bool made_folder_ = false;
};

}  // namespace kvferry::sim
