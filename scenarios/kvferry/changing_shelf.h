// SPDX-License-Identifier: MIT
//
// A shelf whose files may be replaced while it is served from. A file appears whole, by rename.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>

#include "scenarios/followers.h"
#include "scenarios/kvferry/card_shelf.h"
#include "scenarios/now_and_then.h"

namespace kvferry {

class ChangingShelf {
 public:
  // Looks at the files now and then, on a thread of its own, and tells the followers of a change. Where the
  // new files do not make a shelf, the old one stays, and the log says why.
  ChangingShelf(CardShelf shelf, std::filesystem::path file_or_folder, Followers& followers);

  // From any thread.
  [[nodiscard]] std::shared_ptr<const CardShelf> now() const;

 private:
  using Stamps = std::map<std::filesystem::path, std::filesystem::file_time_type>;

  [[nodiscard]] Stamps stamps() const;
  void look();
  void reread();

  std::filesystem::path place_;
  Followers& followers_;
  mutable std::mutex mutex_;
  std::shared_ptr<const CardShelf> shelf_;
  Stamps stamps_;
  NowAndThen watch_;
};

}  // namespace kvferry
