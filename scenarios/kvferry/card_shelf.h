// SPDX-License-Identifier: MIT
//
// The cards that a server offers: read and verified once, found by digest or by
// name (the file's, without ".card").
#pragma once

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

  [[nodiscard]] const std::map<std::string, std::shared_ptr<const Card>>& by_name() const { return by_name_; }

 private:
  [[nodiscard]] Result<void> add(const std::filesystem::path& file);

  std::map<std::string, std::shared_ptr<const Card>> by_name_;
  std::map<Digest, std::shared_ptr<const Card>> by_digest_;
};

}  // namespace kvferry
