// SPDX-License-Identifier: MIT
#include "scenarios/kvferry/changing_shelf.h"

#include <system_error>
#include <utility>

#include "scenarios/log.h"

namespace kvferry {
namespace fs = std::filesystem;

ChangingShelf::ChangingShelf(CardShelf shelf, fs::path file_or_folder, Followers& followers)
    : place_(std::move(file_or_folder)),
      followers_(followers),
      shelf_(std::make_shared<const CardShelf>(std::move(shelf))),
      stamps_(stamps()),
      watch_(kLookEvery, [this] { look(); }) {}

std::shared_ptr<const CardShelf> ChangingShelf::now() const {
  const std::lock_guard lock(mutex_);
  return shelf_;
}

ChangingShelf::Stamps ChangingShelf::stamps() const {
  Stamps out;
  std::error_code failed;
  const auto note = [&](const fs::path& file) {
    const auto time = fs::last_write_time(file, failed);
    if (!failed) out[file] = time;
  };
  if (!fs::is_directory(place_, failed)) {
    note(place_);
    return out;
  }
  for (fs::directory_iterator at(place_, failed), end; !failed && at != end; at.increment(failed)) {
    if (at->path().extension() == ".card") note(at->path());
  }
  return out;
}

void ChangingShelf::look() {
  Stamps found = stamps();
  if (found == stamps_) return;
  stamps_ = std::move(found);
  reread();
}

void ChangingShelf::reread() {
  auto shelf = CardShelf::open(place_);
  if (!shelf) {
    log(LogLevel::kWarning, "unchanged", {{"why", shelf.error().message}});
    return;
  }
  const auto before = now();
  shelf->remember(*before);
  for (const auto& [name, card] : shelf->by_name()) {
    const auto old = before->by_name().find(name);
    if (old == before->by_name().end() || old->second->digest() != card->digest())
      log(LogLevel::kInfo, "serves", {{"card", card->digest().hex()}, {"document", name}});
  }
  {
    const std::lock_guard lock(mutex_);
    shelf_ = std::make_shared<const CardShelf>(std::move(*shelf));
  }
  followers_.changed();
}

}  // namespace kvferry
