// SPDX-License-Identifier: MIT
//
// A card on its way into FOLDER/DIGEST.card. What breaks off stays in a .part file beside it, from which the
// next one goes on. What a card in the folder has in common with it is taken from there.
#pragma once

#include <filesystem>
#include <optional>

#include "protocol/card/card_file.h"
#include "scenarios/kvferry/arriving_card.h"

namespace kvferry {

class IncomingCard final : public ArrivingCard {
 public:
  // base: a card that is in the folder whole.
  explicit IncomingCard(std::filesystem::path folder, std::optional<Digest> base = {})
      : folder_(std::move(folder)), base_(base) {}

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
  // Chunks that the base has and the .part file has not.
  void take_from_base(const Manifest& manifest, ChunkRanges& held);

  std::filesystem::path folder_;
  std::optional<Digest> base_;
  std::optional<CardFileSink> sink_;  // none: the whole card is here already
};

}  // namespace kvferry
