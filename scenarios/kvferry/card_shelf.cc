// SPDX-License-Identifier: MIT
#include "scenarios/kvferry/card_shelf.h"

#include <algorithm>
#include <system_error>
#include <vector>

#include "protocol/card/card_file.h"
#include "scenarios/kvferry/wishes.h"

namespace kvferry {
namespace fs = std::filesystem;
namespace {

Result<std::vector<fs::path>> card_files(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code failed;
  for (fs::directory_iterator at(folder, failed), end; !failed && at != end; at.increment(failed)) {
    if (at->path().extension() == ".card") files.push_back(at->path());
  }
  if (failed) return Error{folder.string() + ": " + failed.message()};
  std::sort(files.begin(), files.end());
  if (files.empty()) return Error{folder.string() + ": no file ending in .card"};
  return files;
}

}  // namespace

Result<CardShelf> CardShelf::open(const fs::path& file_or_folder) {
  std::vector<fs::path> files{file_or_folder};
  std::error_code ignored;
  if (fs::is_directory(file_or_folder, ignored)) {
    auto found = card_files(file_or_folder);
    if (!found) return found.error();
    files = std::move(*found);
  }
  CardShelf shelf;
  for (const fs::path& file : files) {
    if (auto added = shelf.add(file); !added) return added.error();
  }
  return shelf;
}

Result<void> CardShelf::add(const fs::path& file) {
  auto read = read_card_file(file);
  if (!read) return read.error();
  if (auto verified = read->verify(); !verified) return verified.error().in(file.string());
  const auto card = std::make_shared<const Card>(std::move(*read));
  by_name_[file.stem().string()] = card;
  by_digest_[card->digest()] = card;
  return {};
}

Result<std::shared_ptr<const Card>> CardShelf::find(const RequestOptions& request) const {
  std::shared_ptr<const Card> card;
  if (request.card) {
    const auto found = by_digest_.find(*request.card);
    if (found == by_digest_.end()) return no_such_card(request);
    card = found->second;
  } else {
    const auto found = by_name_.find(request.document);
    if (found == by_name_.end()) return no_such_card(request);
    card = found->second;
  }
  if (auto answers = check_wishes(card->manifest, request); !answers) return answers.error();
  return card;
}

std::shared_ptr<const Card> CardShelf::find_base(const Digest& digest) const {
  if (const auto found = by_digest_.find(digest); found != by_digest_.end()) return found->second;
  const auto found = std::find_if(former_.begin(), former_.end(),
                                  [&](const auto& card) { return card->digest() == digest; });
  return found != former_.end() ? *found : nullptr;
}

void CardShelf::remember(const CardShelf& before) {
  former_ = before.former_;
  for (const auto& [digest, card] : before.by_digest_) {
    if (!by_digest_.contains(digest)) former_.push_front(card);
  }
  if (former_.size() > kFormerCards) former_.resize(kFormerCards);
}

}  // namespace kvferry
