// SPDX-License-Identifier: MIT
//
// A card on its way into FOLDER/DIGEST.card. What breaks off stays in a .part file beside it, from which the
// next one goes on.
#pragma once

#include <filesystem>
#include <optional>

#include "protocol/card/card_file.h"
#include "scenarios/kvferry/arriving_card.h"

namespace kvferry {

class IncomingCard final : public ArrivingCard {
 public:
  explicit IncomingCard(std::filesystem::path folder) : folder_(std::move(folder)) {}

  // Whether the folder has something that may be gone on with. Which card it is only a manifest tells.
  [[nodiscard]] static bool may_go_on_in(const std::filesystem::path& folder);

  Result<void> begin(const Manifest& manifest) override;
  ChunkRanges held(const Manifest& manifest) override;
  Result<void> chunk(std::uint32_t index, Slice payload) override;
  Result<void> finish(bool whole) override;
  void abandon(const std::string& reason) override;

  [[nodiscard]] std::string place() const override { return file_.string(); }

 private:
  [[nodiscard]] bool is_here(const Digest& digest) const;

  std::filesystem::path folder_;
  std::optional<CardFileSink> sink_;  // none: the whole card is here already
};

}  // namespace kvferry
