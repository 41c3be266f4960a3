// SPDX-License-Identifier: MIT
//
// The cards that a server offers: read and verified once, found by digest or by
// name (the file's, without ".card").
#pragma once

#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "protocol/card/card.h"
#include "protocol/wire/request_options.h"

namespace kvferry {

class CardShelf {
 public:
  // A card file, or a folder with at least one. The error names the file and what is wrong in it.
  [[nodiscard]] static Result<CardShelf> open(const std::filesystem::path& file_or_folder);

  // The card that answers a request; the error says why there is none.
  [[nodiscard]] Result<std::shared_ptr<const Card>> find(const RequestOptions& request) const;
  // Here or, until this shelf took over, on the one before; or nothing.
  [[nodiscard]] std::shared_ptr<const Card> find_base(const Digest& digest) const;

  // What stands on `before`, if that is another version of a document here, can be a base.
  void remember(const CardShelf& before);

  [[nodiscard]] const std::map<std::string, std::shared_ptr<const Card>>& by_name() const { return by_name_; }

 private:
  static constexpr std::size_t kFormerCards = 16;

  [[nodiscard]] Result<void> add(const std::filesystem::path& file);

  std::map<std::string, std::shared_ptr<const Card>> by_name_;
  std::map<Digest, std::shared_ptr<const Card>> by_digest_;
  std::deque<std::shared_ptr<const Card>> former_;  // the latest first
};

}  // namespace kvferry
